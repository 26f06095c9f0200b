//! The macro that declares a record.

/// Declares a model of a response. Required fields are the arguments of the constructor; the others are unset, written
/// as `null`, or as an empty list, map, zero or false if the field has no null.
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
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $name {
            $( pub(crate) $rfield: $rty, )*
            $( pub(crate) $ofield: $oty, )*
        }

        impl $crate::schema::wire::Wire for $name {
            fn write<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap as _;
                #[allow(unused_mut, reason = "some records have no fields")]
                let mut map = serializer.serialize_map(None)?;
                $( map.serialize_entry(
                    $crate::schema::record::wire!($rfield $($rwire)?),
                    &$crate::schema::wire::Written(&self.$rfield),
                )?; )*
                $( map.serialize_entry(
                    $crate::schema::record::wire!($ofield $($owire)?),
                    &$crate::schema::wire::Written(&self.$ofield),
                )?; )*
                map.end()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::schema::wire::Wire::write(self, serializer)
            }
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
macro_rules! wire {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $wire:literal) => {
        $wire
    };
}
pub(crate) use wire;
