//! The two macros that write and read structs without `extra`, as serde's derive would.
//!
//! They would be all that is left for the derive, whose compiler plugin takes longer to build than this crate.

use serde::de::{self, DeserializeSeed, Deserializer};

use crate::field::read_str;

/// Implements `Serialize` for a struct of which every field is written.
macro_rules! write_struct {
    ($name:ident { $( $field:ident ),+ }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct as _;
                let mut fields = serializer.serialize_struct(stringify!($name), [$( stringify!($field) ),*].len())?;
                $( fields.serialize_field(stringify!($field), &self.$field)?; )*
                fields.end()
            }
        }
    };
}
pub(crate) use write_struct;

/// Implements `Deserialize` for a struct that passes over what it does not know, and takes no field twice.
///
/// `optional` fields may be missing or null and then have their default. Fields may also come as a list, in their
/// order: that is how formats without names write a struct.
macro_rules! read_struct {
    ($name:ident { required { $( $rfield:ident ),* } optional { $( $ofield:ident ),* } }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const FIELDS: &[&str] = &[$( stringify!($rfield), )* $( stringify!($ofield), )*];

                #[expect(non_camel_case_types, reason = "they are named by the fields")]
                enum Key { $( $rfield, )* $( $ofield, )* Other }

                // A name becomes a key while it is read, so that none is kept.
                fn key_of(name: &str) -> Key {
                    $( if name == stringify!($rfield) { return Key::$rfield; } )*
                    $( if name == stringify!($ofield) { return Key::$ofield; } )*
                    Key::Other
                }

                struct Fields;

                impl<'de> serde::de::Visitor<'de> for Fields {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("struct ", stringify!($name)))
                    }

                    #[inline]
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        $( let mut $rfield = None; )*
                        $( let mut $ofield = None; )*
                        loop {
                            match map.next_key_seed($crate::plain_struct::Name(key_of))? {
                                $( Some(Key::$rfield) => {
                                    $crate::plain_struct::not_twice(&$rfield, stringify!($rfield))?;
                                    $rfield = Some(map.next_value::<$crate::field::Via<_>>()?.0);
                                } )*
                                $( Some(Key::$ofield) => {
                                    $crate::plain_struct::not_twice(&$ofield, stringify!($ofield))?;
                                    $ofield = Some(map.next_value::<$crate::field::ViaDefault<_>>()?.0);
                                } )*
                                Some(Key::Other) => drop(map.next_value::<serde::de::IgnoredAny>()?),
                                None => break,
                            }
                        }
                        Ok($name {
                            $( $rfield: $rfield.ok_or_else(|| serde::de::Error::missing_field(stringify!($rfield)))?, )*
                            $( $ofield: $ofield.unwrap_or_default(), )*
                        })
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<$name, A::Error> {
                        Ok($name {
                            $( $rfield: match list.next_element::<$crate::field::Via<_>>()? {
                                Some(via) => via.0,
                                None => return Err($crate::plain_struct::too_short(&self, FIELDS, stringify!($rfield))),
                            }, )*
                            $( $ofield: match list.next_element::<$crate::field::ViaDefault<_>>()? {
                                Some(via) => via.0,
                                None => Default::default(),
                            }, )*
                        })
                    }
                }

                deserializer.deserialize_struct(stringify!($name), FIELDS, Fields)
            }
        }
    };
}
pub(crate) use read_struct;

/// Reads a name, and makes a key of it.
pub(crate) struct Name<F>(pub(crate) F);

impl<'de, K, F: FnOnce(&str) -> K> DeserializeSeed<'de> for Name<F> {
    type Value = K;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<K, D::Error> {
        read_str(deserializer, self.0)
    }
}

/// Refuses a field that was read already.
pub(crate) fn not_twice<T, E: de::Error>(read: &Option<T>, field: &'static str) -> Result<(), E> {
    if read.is_some() { Err(E::duplicate_field(field)) } else { Ok(()) }
}

/// The error of a list that ends before one of its fields.
pub(crate) fn too_short<E: de::Error>(expected: &dyn de::Expected, fields: &[&str], field: &str) -> E {
    let length = fields.iter().take_while(|other| **other != field).count();
    E::invalid_length(length, &format!("{expected} with {} elements", fields.len()).as_str())
}

#[cfg(test)]
mod tests {
    #[derive(Debug, PartialEq)]
    struct Sample {
        name: String,
        score: f64,
        count: Option<u64>,
    }

    write_struct!(Sample { name, score, count });
    read_struct!(Sample { required { name, score } optional { count } });

    fn error(json: &str) -> String {
        serde_json::from_str::<Sample>(json).unwrap_err().to_string()
    }

    #[test]
    fn it_is_read_from_an_object_in_any_order_and_from_a_list_in_its_own() {
        let sample = Sample { name: "a".to_owned(), score: 0.5, count: None };
        for json in [
            r#"{"name":"a","score":0.5}"#,
            r#"{"later":[{}],"count":null,"score":"0.5","\u006eame":"a"}"#,
            r#"["a",0.5,null]"#,
            r#"["a",0.5]"#,
        ] {
            assert_eq!(serde_json::from_str::<Sample>(json).unwrap(), sample, "{json}");
        }
        assert_eq!(serde_json::to_string(&sample).unwrap(), r#"{"name":"a","score":0.5,"count":null}"#);
    }

    #[test]
    fn what_is_wrong_with_it_is_named() {
        assert!(error(r#"{"name":"a"}"#).contains("missing field `score`"));
        assert!(error(r#"{"score":1,"score":2}"#).contains("duplicate field `score`"));
        assert!(error(r#"{"count":1,"count":2}"#).contains("duplicate field `count`"));
        assert!(error(r#"["a"]"#).contains("invalid length 1, expected struct Sample with 3 elements"));
        assert!(error("7").contains("invalid type: integer `7`, expected struct Sample"));
    }
}
