//! Macros that encode and decode structs without `extra`, as serde's derive would.
//!
//! serde's derive would be used only here, and its compiler plugin takes longer to build than this crate.

use serde::de;

/// Implements `Serialize` for a struct whose fields are all written.
///
/// As a map in every format: in a list, only the order would identify the elements.
macro_rules! write_struct {
    ($name:ident { $( $field:ident ),+ }) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(Some([$( stringify!($field) ),*].len()))?;
                $( map.serialize_entry(stringify!($field), &self.$field)?; )*
                map.end()
            }
        }
    };
}
pub(crate) use write_struct;

/// Implements `Deserialize` for a struct that ignores unknown fields and rejects duplicate ones.
///
/// `optional` fields may be absent or null and then have their default. A list is rejected.
macro_rules! read_struct {
    ($name:ident { required { $( $rfield:ident ),* } optional { $( $ofield:ident ),* } }) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[expect(non_camel_case_types, reason = "they have the names of the fields")]
                #[derive(Clone, Copy)]
                enum Name { $( $rfield, )* $( $ofield, )* }

                const FIELDS: $crate::fields::Fields<Name> = $crate::fields::Fields::new(
                    &[$( $crate::fields::member!(stringify!($rfield)), )* $( $crate::fields::member!(stringify!($ofield)), )*],
                    &[$( Name::$rfield, )* $( Name::$ofield, )*],
                );

                struct Object;

                impl<'de> serde::de::Visitor<'de> for Object {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str(concat!("an object (", stringify!($name), ")"))
                    }

                    $crate::refused_text::refuse_text!();

                    #[inline]
                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$name, A::Error> {
                        #[allow(unused_imports, reason = "not every struct has both kinds of fields")]
                        use $crate::field::{Field as _, Mode, Required};
                        $( let mut $rfield = None; )*
                        $( let mut $ofield: Option<Option<_>> = None; )*
                        let mut next = 0;
                        while let Some(key) = map.next_key_seed(FIELDS.next_key(&mut next))? {
                            match key {
                                $( $crate::fields::Key::Known(Name::$rfield) => {
                                    $crate::plain_struct::not_twice(&$rfield, stringify!($rfield))?;
                                    $rfield = Some(map.next_value_seed(Required::new(Mode::Strict))?);
                                } )*
                                $( $crate::fields::Key::Known(Name::$ofield) => {
                                    $crate::plain_struct::not_twice(&$ofield, stringify!($ofield))?;
                                    $ofield = Some(map.next_value_seed(Required::new(Mode::Strict))?);
                                } )*
                                $crate::fields::Key::Other(_) => {
                                    map.next_value::<serde::de::IgnoredAny>()?;
                                }
                            }
                        }
                        Ok($name {
                            $( $rfield: $rfield.ok_or_else(|| serde::de::Error::missing_field(stringify!($rfield)))?, )*
                            $( $ofield: $ofield.flatten(), )*
                        })
                    }
                }

                FIELDS.read(deserializer, Object)
            }
        }
    };
}
pub(crate) use read_struct;

/// Refuses a field that was read already.
pub(crate) fn not_twice<T, E: de::Error>(read: &Option<T>, field: &'static str) -> Result<(), E> {
    if read.is_some() { Err(E::duplicate_field(field)) } else { Ok(()) }
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
    fn object_is_read_in_any_order() {
        let sample = Sample { name: "a".to_owned(), score: 0.5, count: None };
        for json in [r#"{"name":"a","score":0.5}"#, r#"{"later":[{}],"count":null,"score":"0.5","\u006eame":"a"}"#] {
            assert_eq!(serde_json::from_str::<Sample>(json).unwrap(), sample, "{json}");
        }
        assert_eq!(serde_json::to_string(&sample).unwrap(), r#"{"name":"a","score":0.5,"count":null}"#);
    }

    #[test]
    fn what_is_wrong_with_it_is_named() {
        assert!(error(r#"{"name":"a"}"#).contains("missing field `score`"));
        assert!(error(r#"{"score":1,"score":2}"#).contains("duplicate field `score`"));
        assert!(error(r#"{"count":1,"count":2}"#).contains("duplicate field `count`"));
        assert!(error(r#"["a",0.5,1]"#).contains("invalid type: sequence, expected an object (Sample)"));
        assert!(error("7").contains("invalid type: integer `7`, expected an object (Sample)"));
    }
}
