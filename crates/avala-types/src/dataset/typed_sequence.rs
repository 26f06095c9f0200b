//! A sequence and its frames, decoded in one pass.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::dataset::frame::Wire;
use crate::dataset::{DatasetFrame, DatasetSequence};
use crate::decode::DecodeError;
use crate::extra::Name;
use crate::field::{Field, Mode, Report, Required, duplicate};

/// A sequence with all its frames decoded.
///
/// A response of a few thousand frames is read once, and its text is not kept: `sequence.frames` is unset, and so is
/// the `raw` of each frame. A [`DatasetSequence`] keeps the text and decodes single frames on request, which is better
/// for a few of them.
///
/// `F` is [`DatasetFrame`], or your own type with the fields that you need.
///
/// ```
/// use avala_types::{DatasetFrame, TypedSequence, from_json};
///
/// let json = r#"{"uid": "s1", "frames": [{"key": "0.pcd", "images": [{"fx": 1050.5}]}, {"key": "1.pcd"}]}"#;
/// let sequence: TypedSequence = from_json(json)?;
/// assert_eq!((sequence.sequence.uid.as_str(), sequence.frames.len()), ("s1", 2));
/// assert_eq!(sequence.frames[0].images[0].fx, Some(1050.5));
///
/// #[derive(serde::Deserialize)]
/// struct Keyed { key: String }
/// let mine = TypedSequence::<Keyed>::from_json(json)?;
/// assert_eq!(mine.frames[1].key, "1.pcd");
/// # Ok::<(), avala_types::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TypedSequence<F = DatasetFrame> {
    /// Everything except the frames.
    pub sequence: DatasetSequence,
    /// Frames in time order; empty if the response has none.
    pub frames: Vec<F>,
}

impl<F> TypedSequence<F> {
    /// Creates a value from its parts.
    #[must_use]
    pub fn new(sequence: DatasetSequence, frames: impl Into<Vec<F>>) -> Self {
        Self { sequence, frames: frames.into() }
    }
}

impl<F: DeserializeOwned> TypedSequence<F> {
    /// Decodes a response whose frames have your own type, as [`from_json`](crate::from_json) decodes those of this
    /// crate.
    ///
    /// # Errors
    /// The text is not JSON, the UID is missing or unexpected, or a frame is not an `F`.
    pub fn from_json(text: &str) -> Result<Self, DecodeError> {
        let read = || {
            let mut json = serde_json::Deserializer::from_str(text);
            let sequence = json.deserialize_map(Parts { mode: Mode::Tolerant, frame: |_| PhantomData::<F> })?;
            json.end()?;
            Ok(sequence)
        };
        read().map_err(|error| DecodeError::locate::<Self>(text, error))
    }
}

/// Decoded like a model: a frame that is not an object fails the sequence, and any other field of an unexpected form is
/// kept in the `extra` of its frame or its sequence.
impl Field for TypedSequence {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, mode: Mode) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Parts { mode, frame: |index| FrameAt { index, mode } })
    }

    fn find_unexpected(&self, report: &mut Report<'_>) {
        self.sequence.find_unexpected(report);
        report.field("frames", &self.frames);
    }
}

/// Decodes a frame of this crate at its index.
struct FrameAt {
    index: usize,
    mode: Mode,
}

impl<'de> DeserializeSeed<'de> for FrameAt {
    type Value = DatasetFrame;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<DatasetFrame, D::Error> {
        Required::<Wire>::new(self.mode).deserialize(deserializer).map(|wire| wire.into_frame(self.index, None))
    }
}

/// Decodes both parts of a sequence. `frame` returns the seed of the frame at an index.
struct Parts<S> {
    mode: Mode,
    frame: S,
}

impl<'de, F, T> Visitor<'de> for Parts<F>
where
    F: Fn(usize) -> T,
    T: DeserializeSeed<'de>,
{
    type Value = TypedSequence<T::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object (DatasetSequence)")
    }

    crate::refused_text::refuse_text!();

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut frames = None;
        let rest = WithoutFrames { map, frames: &mut frames, frame: &self.frame };
        let sequence = DatasetSequence::read(MapAccessDeserializer::new(rest), self.mode)?;
        Ok(TypedSequence { sequence, frames: frames.unwrap_or_default() })
    }
}

/// The members of a sequence, without the frames, which are decoded when they are reached.
struct WithoutFrames<'a, A, F, T> {
    map: A,
    frames: &'a mut Option<Vec<T>>,
    frame: &'a F,
}

impl<'de, A, F, T> MapAccess<'de> for WithoutFrames<'_, A, F, T::Value>
where
    A: MapAccess<'de>,
    F: Fn(usize) -> T,
    T: DeserializeSeed<'de>,
{
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(Name(name)) = self.map.next_key()? {
            if name == "frames" {
                if self.frames.is_some() {
                    return Err(duplicate(&name));
                }
                *self.frames = Some(self.map.next_value_seed(Frames(self.frame))?);
                continue;
            }
            return match name {
                Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
                Cow::Owned(name) => seed.deserialize(StringDeserializer::new(name)),
            }
            .map(Some);
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// Decodes a list of frames, which may be null.
struct Frames<'a, F>(&'a F);

impl<'de, F: Fn(usize) -> T, T: DeserializeSeed<'de>> DeserializeSeed<'de> for Frames<'_, F> {
    type Value = Vec<T::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, F: Fn(usize) -> T, T: DeserializeSeed<'de>> Visitor<'de> for Frames<'_, F> {
    type Value = Vec<T::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of frames")
    }

    crate::refused_text::refuse_text!();

    fn visit_none<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut frames = Vec::new();
        while let Some(frame) = list.next_element_seed((self.0)(frames.len()))? {
            frames.push(frame);
        }
        Ok(frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{from_json, from_json_strict, unexpected_fields};

    const TEXT: &str = r#"{"frames": [{"key":"a","images":[{"fx":1.5,"camera":"front"}],"camera_model":"pinhole"},
        {"xi":"0.5","note":1}], "uid":"s", "number_of_frames":2, "new":[1.50], "is_hidden":null}"#;

    #[test]
    fn both_ways_give_the_same_frames() {
        for text in
            [TEXT.to_owned(), TEXT.replace("\"key\"", "\"k\\u0065y\"").replace("\"frames\"", "\"fr\\u0061mes\"")]
        {
            let typed: TypedSequence = from_json(&text).unwrap();
            let mut sequence: DatasetSequence = from_json(&text).unwrap();
            let frames = sequence.typed_frames().map(|frame| {
                let mut frame = frame.unwrap();
                frame.raw = None;
                frame
            });
            let frames: Vec<_> = frames.collect();
            assert_eq!(typed.frames, frames);
            sequence.frames = None;
            assert_eq!(typed.sequence, sequence);
            assert_eq!(from_json_strict::<TypedSequence>(&text).unwrap(), typed);
        }
    }

    #[test]
    fn sequence_without_frames_has_none() {
        for text in [r#"{"uid":"s"}"#, r#"{"uid":"s","frames":null}"#, r#"{"frames":[],"uid":"s"}"#] {
            assert_eq!(from_json::<TypedSequence>(text).unwrap(), TypedSequence::new(DatasetSequence::new("s"), []));
            assert!(TypedSequence::<u8>::from_json(text).unwrap().frames.is_empty());
        }
    }

    #[test]
    fn unexpected_form_is_kept_in_its_frame_or_an_error() {
        let text = r#"{"uid":"s","frames":[{},{"images":[{"width":"wide"}],"xi":1e999}],"is_hidden":7}"#;
        let typed: TypedSequence = from_json(text).unwrap();
        assert_eq!(unexpected_fields(&typed), ["is_hidden", "frames[1].xi", "frames[1].images[0].width"]);
        assert!(from_json_strict::<TypedSequence>(text).is_err());
        for (text, path) in [
            (r#"{"uid":"s","frames":[{},7]}"#, "frames[1]"),
            (r#"{"uid":"s","frames":{}}"#, "frames"),
            (r#"{"uid":"s","frames":[],"frames":[]}"#, "frames"),
            (r#"{"frames":[]}"#, "."),
            ("[]", "."),
        ] {
            assert_eq!(from_json::<TypedSequence>(text).unwrap_err().path(), path, "{text}");
        }
    }

    #[test]
    fn frame_of_another_type_is_located() {
        let error = TypedSequence::<u8>::from_json(r#"{"uid":"s","frames":[1,2,"3"]}"#).unwrap_err();
        assert_eq!((error.type_name(), error.path()), ("TypedSequence", "frames[2]"));
        assert!(TypedSequence::<u8>::from_json(r#"{"uid":"s"} x"#).is_err());
    }
}
