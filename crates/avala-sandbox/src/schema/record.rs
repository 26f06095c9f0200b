//! The macro that declares a record.

/// Declares a model of a response. Required fields make the constructor; the others are unset, which is written as
/// `null`, or as an empty list, map, zero or false where the field has no null.
///
/// `name as "wire"` gives a field another name in Rust than in JSON.
macro_rules! record {
    (
        $(#[$meta:meta])*
        pub(crate) struct $name:ident {
            required { $( $rfield:ident $(as $rwire:literal)? : $rty:ty, )* }
            optional { $( $ofield:ident $(as $owire:literal)? : $oty:ty, )* }
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        pub(crate) struct $name {
            $( $(#[serde(rename = $rwire)])? pub(crate) $rfield: $rty, )*
            $( $(#[serde(rename = $owire)])? pub(crate) $ofield: $oty, )*
        }

        impl $name {
            /// Names of the fields in JSON.
            #[cfg(test)]
            pub(crate) const FIELDS: &'static [&'static str] = &[
                $( $crate::schema::record::wire!($rfield $($rwire)?), )*
                $( $crate::schema::record::wire!($ofield $($owire)?), )*
            ];

            /// Creates a record from its required fields; all others are unset.
            #[allow(clippy::too_many_arguments, reason = "as many as the model has required fields")]
            #[allow(dead_code, reason = "some records are written as literals")]
            pub(crate) fn new($( $rfield: impl Into<$rty>, )*) -> Self {
                Self { $( $rfield: $rfield.into(), )* $( $ofield: Default::default(), )* }
            }
        }
    };
}
pub(crate) use record;

/// The name of a field in JSON.
#[cfg(test)]
macro_rules! wire {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}
#[cfg(test)]
pub(crate) use wire;
