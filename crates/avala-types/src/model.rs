//! Macros that declare response models and request payloads.
//!
//! serde's own derive is not used for them because its `flatten` reads unknown fields through a buffer that has
//! no room for integers over 64 bits and none for raw JSON. The code below keeps them as text, and has the rule
//! "anything but an identity may be missing or null" in one place.

/// Declares a response model: required fields, optional fields, and `extra` for unknown ones.
///
/// `required` fields are the arguments of the constructor; `optional` ones may be absent or null and then have their
/// default. `name as "wire"` sets the JSON name of a field.
macro_rules! model {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $( $(#[$rmeta:meta])* $rfield:ident $(as $rwire:literal)? : $rty:ty, )* }
            optional { $( $(#[$ometa:meta])* $ofield:ident $(as $owire:literal)? : $oty:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$rmeta])* pub $rfield: $rty, )*
            $( $(#[$ometa])* pub $ofield: $oty, )*
            /// Unknown fields, and fields of an unexpected form until they are set; written back when the model is
            /// encoded.
            pub extra: $crate::Extra,
        }

        $crate::model::constructor!($name { $($rfield: $rty,)* } { $($ofield,)* });
        $crate::model::json_object!($name (Tolerant, keep) {
            required { $( $rfield = $crate::model::wire!($rfield $($rwire)?), )* }
            optional { $( $ofield = $crate::model::wire!($ofield $($owire)?), )* }
        });
        #[cfg(feature = "schemars")]
        $crate::schema::object_schema!($name
            { $( $crate::model::wire!($rfield $($rwire)?) => $rty, )* }
            { $( $crate::model::wire!($ofield $($owire)?) => $oty, )* }
        );
    };
}
pub(crate) use model;

/// Declares a request payload: a constructor of the required fields, and a setter for every other field.
///
/// `optional` fields are not sent until they are set. `lists` neither, and their setters take anything that can be
/// iterated over; so are `numbers`, whose setters take the number itself, so that a literal needs no suffix.
/// `patch` fields can also be set to null.
macro_rules! payload {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            required { $( $(#[$rmeta:meta])* $rfield:ident $(as $rwire:literal)? : $rty:ty, )* }
            optional {
                $( #[doc = $odoc:literal] $(#[doc = $omore:literal])*
                    $ofield:ident $(as $owire:literal)? : $oty:ty, )*
            }
            $( lists { $( #[doc = $ldoc:literal] $(#[doc = $lmore:literal])* $lfield:ident : $lty:ty, )* } )?
            $( numbers { $( #[doc = $ndoc:literal] $(#[doc = $nmore:literal])* $nfield:ident : $nty:ty, )* } )?
            $( patch {
                $( #[doc = $pdoc:literal] $(#[doc = $pmore:literal])*
                    $pfield:ident $(as $pwire:literal)? : $pty:ty, )*
            } )?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$rmeta])* pub $rfield: $rty, )*
            $( #[doc = $odoc] $(#[doc = $omore])* pub $ofield: Option<$oty>, )*
            $($( #[doc = $ldoc] $(#[doc = $lmore])* pub $lfield: Option<Vec<$lty>>, )*)?
            $($( #[doc = $ndoc] $(#[doc = $nmore])* pub $nfield: Option<$nty>, )*)?
            $($( #[doc = $pdoc] $(#[doc = $pmore])* pub $pfield: $crate::Patch<$pty>, )*)?
            /// Unknown fields: sent, and kept when a payload is decoded.
            pub extra: $crate::Extra,
        }

        $crate::model::constructor!(
            $name { $($rfield: $rty,)* } { $($ofield,)* $($($lfield,)*)? $($($nfield,)*)? $($($pfield,)*)? }
        );

        impl $name {
            $(
                #[doc = concat!("Sets `", stringify!($ofield), "`:", $odoc)]
                $(#[doc = $omore])*
                #[must_use]
                pub fn $ofield<Kind>(mut self, value: impl $crate::SetterArgument<Option<$oty>, Kind>) -> Self {
                    self.$ofield = value.into_field();
                    self
                }
            )*
            $($(
                #[doc = concat!("Sets `", stringify!($lfield), "`:", $ldoc)]
                $(#[doc = $lmore])*
                #[must_use]
                pub fn $lfield<Kind>(mut self, values: impl $crate::SetterArgument<Option<Vec<$lty>>, Kind>) -> Self {
                    self.$lfield = values.into_field();
                    self
                }
            )*)?
            $($(
                #[doc = concat!("Sets `", stringify!($nfield), "`:", $ndoc)]
                $(#[doc = $nmore])*
                #[must_use]
                pub fn $nfield(mut self, value: impl Into<Option<$nty>>) -> Self {
                    self.$nfield = value.into();
                    self
                }
            )*)?
            $($(
                #[doc = concat!("Sets `", stringify!($pfield), "`:", $pdoc)]
                $(#[doc = $pmore])*
                #[must_use]
                pub fn $pfield(mut self, value: impl Into<$crate::Patch<$pty>>) -> Self {
                    self.$pfield = value.into();
                    self
                }
            )*)?

            /// Sets a field that this version does not know.
            #[must_use]
            pub fn extra(mut self, name: impl Into<String>, value: impl Into<$crate::Json>) -> Self {
                self.extra.insert(name, value);
                self
            }
        }

        $crate::model::json_object!($name (Strict, keep) {
            required { $( $rfield = $crate::model::wire!($rfield $($rwire)?), )* }
            optional {
                $( $ofield = $crate::model::wire!($ofield $($owire)?), )*
                $($( $lfield = stringify!($lfield), )*)?
                $($( $nfield = stringify!($nfield), )*)?
                $($( $pfield = $crate::model::wire!($pfield $($pwire)?), )*)?
            }
        });
        #[cfg(feature = "schemars")]
        $crate::schema::object_schema!($name
            { $( $crate::model::wire!($rfield $($rwire)?) => $rty, )* }
            {
                $( $crate::model::wire!($ofield $($owire)?) => $oty, )*
                $($( stringify!($lfield) => Vec<$lty>, )*)?
                $($( stringify!($nfield) => $nty, )*)?
                $($( $crate::model::wire!($pfield $($pwire)?) => $crate::Patch<$pty>, )*)?
            }
        );
    };
}
pub(crate) use payload;

/// The constructor: from the required fields; with a `Default` if there is none.
macro_rules! constructor {
    ($name:ident {} { $($ofield:ident,)* }) => {
        impl $name {
            /// Creates a value without any field set.
            #[must_use]
            pub fn new() -> Self {
                Self::default()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $ofield: Default::default(), )* extra: $crate::Extra::default() }
            }
        }
    };
    ($name:ident { $($rfield:ident: $rty:ty,)+ } { $($ofield:ident,)* }) => {
        impl $name {
            /// Creates a value from its required fields; all others are unset.
            #[must_use]
            #[allow(clippy::too_many_arguments, reason = "one for each field that the contract requires")]
            pub fn new($($rfield: impl Into<$rty>),+) -> Self {
                Self {
                    $( $rfield: $rfield.into(), )+
                    $( $ofield: Default::default(), )*
                    extra: $crate::Extra::default(),
                }
            }
        }
    };
}
pub(crate) use constructor;

/// The JSON name of a field.
macro_rules! wire {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}
pub(crate) use wire;

/// `Serialize`, `Deserialize` and [`Field`](crate::field::Field) for a struct with an `extra`.
///
/// The [`Mode`](crate::field::Mode) is that of its own `Deserialize`. `unknown` fields are kept, or skipped by a
/// struct that keeps the whole text in another place.
macro_rules! json_object {
    ($name:ident ($mode:ident, $unknown:ident) {
        required { $( $rfield:ident = $rwire:expr, )* }
        optional { $( $ofield:ident = $owire:expr, )* }
    }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(None)?;
                $( map.serialize_entry($rwire, &self.$rfield)?; )*
                // A field that is not set leaves its name to the value of an unexpected form that is kept in `extra`.
                $( let $ofield = !$crate::field::Field::is_absent(&self.$ofield)
                    && !($crate::field::Field::is_unset(&self.$ofield) && self.extra.get($owire).is_some());
                if $ofield {
                    map.serialize_entry($owire, &self.$ofield)?;
                } )*
                for (name, value) in self.extra.iter() {
                    let is_written = [$($rwire,)*].contains(&name) $( || ($ofield && name == $owire) )*;
                    if !is_written {
                        map.serialize_entry(name, value)?;
                    }
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::field::Field::read(deserializer, $crate::field::Mode::$mode)
            }
        }

        $crate::setter::converted!($name);

        impl $crate::field::Field for $name {
            fn read<'de, D: serde::Deserializer<'de>>(
                deserializer: D,
                mode: $crate::field::Mode,
            ) -> Result<Self, D::Error> {
                #[allow(non_camel_case_types, reason = "they have the names of the fields")]
                #[derive(Clone, Copy)]
                enum Name { $( $rfield, )* $( $ofield, )* }

                const FIELDS: $crate::fields::Fields<Name> = $crate::fields::Fields::new(
                    &[$( $crate::fields::member!($rwire), )* $( $crate::fields::member!($owire), )*],
                    &[$( Name::$rfield, )* $( Name::$ofield, )*],
                );

                struct Object($crate::field::Mode);

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object (", stringify!($name), ")"))
                    }

                    $crate::refused_text::refuse_text!();

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        let Self(mode) = self;
                        $( let mut $rfield = None; )*
                        $( let mut $ofield = None; )*
                        let mut extra = $crate::Extra::default();
                        let mut next = 0;
                        while let Some(key) = map.next_key_seed(FIELDS.next_key(&mut next))? {
                            match key {
                                $( $crate::fields::Key::Known(Name::$rfield) => {
                                    if $rfield.is_some() {
                                        return Err($crate::field::duplicate($rwire));
                                    }
                                    $rfield = Some(map.next_value_seed($crate::field::Required::new(mode))?);
                                } )*
                                $( $crate::fields::Key::Known(Name::$ofield) => {
                                    if $ofield.is_some() {
                                        return Err($crate::field::duplicate($owire));
                                    }
                                    $ofield = Some(match map.next_value_seed($crate::field::Optional::new(mode))? {
                                        $crate::field::Slot::Value(value) => value,
                                        $crate::field::Slot::Null => Default::default(),
                                        $crate::field::Slot::Odd(json) => {
                                            extra.insert($owire, json);
                                            Default::default()
                                        }
                                    });
                                } )*
                                $crate::fields::Key::Other(name) => {
                                    $crate::model::unknown!($unknown, map, extra, name);
                                }
                            }
                        }
                        Ok($name {
                            $( $rfield: $rfield.ok_or_else(|| serde::de::Error::missing_field($rwire))?, )*
                            $( $ofield: $ofield.unwrap_or_default(), )*
                            extra,
                        })
                    }
                }

                FIELDS.read(deserializer, Object(mode))
            }

            fn find_unexpected(&self, report: &mut $crate::field::Report<'_>) {
                // An entry of a field that a program has set since is not written and no longer counts.
                $( if $crate::field::Field::is_unset(&self.$ofield) && self.extra.get($owire).is_some() {
                    report.unexpected($owire);
                } )*
                $( report.field($rwire, &self.$rfield); )*
                $( report.field($owire, &self.$ofield); )*
            }
        }
    };
}
pub(crate) use json_object;

/// Treatment of unknown fields.
macro_rules! unknown {
    (keep, $map:ident, $extra:ident, $name:ident) => {
        if $extra.get(&$name).is_some() {
            return Err($crate::field::duplicate(&$name));
        }
        $extra.insert($name, $map.next_value::<$crate::Json>()?);
    };
    (skip, $map:ident, $extra:ident, $name:ident) => {
        drop($name);
        $map.next_value::<serde::de::IgnoredAny>()?;
    };
}
pub(crate) use unknown;

#[cfg(test)]
#[expect(unreachable_pub, reason = "the macros declare public types")]
mod tests {
    use crate::id::OwnerName;
    use crate::json::Json;
    use crate::patch::Patch;

    model! {
        /// A model with every kind of field.
        pub struct Sample {
            required {
                /// Unique identifier (UID).
                uid: OwnerName,
            }
            optional {
                /// A count.
                count: u64,
                /// A list.
                tags: Vec<String>,
                /// A flag.
                active: bool,
                /// A number.
                score: Option<f64>,
                /// Free-form.
                metadata: Option<Json>,
                /// Renamed.
                sample_type as "type": Option<String>,
            }
        }
    }

    payload! {
        /// An update with every kind of field.
        pub struct UpdateSample {
            required {
                /// Its name.
                name: String,
            }
            optional {
                /// A flag.
                active: bool,
            }
            lists {
                /// A list.
                tags: String,
            }
            numbers {
                /// A count.
                count: u64,
            }
            patch {
                /// A text that can be cleared.
                description: String,
            }
        }
    }

    #[test]
    fn only_the_identity_is_required_and_null_counts_as_missing() {
        let sample: Sample = serde_json::from_str(r#"{"uid":"a"}"#).unwrap();
        assert_eq!(sample, Sample::new("a"));
        let nulls = r#"{"uid":"a","count":null,"tags":null,"active":null,"score":null,"metadata":null,"type":null}"#;
        assert_eq!(serde_json::from_str::<Sample>(nulls).unwrap(), sample);

        let error = serde_json::from_str::<Sample>(r#"{"count":1}"#).unwrap_err().to_string();
        assert!(error.contains("missing field `uid`"), "{error}");
        assert!(serde_json::from_str::<Sample>(r#"{"uid":null}"#).is_err());
        let error = serde_json::from_str::<Sample>("[]").unwrap_err().to_string();
        assert!(error.contains("expected an object (Sample)"), "{error}");
    }

    #[test]
    fn what_is_not_known_survives_to_the_last_digit() {
        let text = concat!(
            r#"{"uid":"a","count":2,"tags":["x"],"active":true,"score":0.5,"#,
            r#""metadata":{"n":123456789012345678901234567890},"type":"t","#,
            r#""big":18446744073709551616,"decimal":0.1000000000000000055511151231257827,"deep":{"a":[1.50]}}"#
        );
        let sample: Sample = serde_json::from_str(text).unwrap();
        assert_eq!(sample.extra.len(), 3);
        assert_eq!(sample.sample_type.as_deref(), Some("t"));
        assert_eq!(serde_json::to_string(&sample).unwrap(), text);
    }

    #[test]
    fn a_known_name_in_extra_is_written_once() {
        let mut sample = Sample::new("a");
        sample.extra.insert("uid", serde_json::json!("b"));
        sample.extra.insert("new", serde_json::json!(1));
        assert_eq!(
            serde_json::to_string(&sample).unwrap(),
            r#"{"uid":"a","count":0,"tags":[],"active":false,"new":1}"#
        );
    }

    #[test]
    fn a_payload_sends_what_was_set_and_reads_it_back() {
        let json = |payload: &UpdateSample| serde_json::to_string(payload).unwrap();
        let plain = UpdateSample::new("n");
        assert_eq!(json(&plain), r#"{"name":"n"}"#);
        let cleared = plain.clone().description(Patch::Null).count(0);
        assert_eq!(json(&cleared), r#"{"name":"n","count":0,"description":null}"#);
        let set = plain.clone().description("text").tags(["a"]).active(true).extra("later", serde_json::json!([1]));
        assert_eq!(json(&set), r#"{"name":"n","active":true,"tags":["a"],"description":"text","later":[1]}"#);
        for payload in [plain, cleared, set] {
            assert_eq!(serde_json::from_str::<UpdateSample>(&json(&payload)).unwrap(), payload);
        }
    }
}
