//! Opaque identifiers: a type for each kind of thing, so that one cannot stand in for another.

/// Declares an identifier: a string with a type of its own.
macro_rules! opaque_id {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        ///
        /// An opaque string: whatever the server sends is kept as it is, and nothing is validated.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The identifier as the server wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), &self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.into())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id.into())
            }
        }

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self::from(id.as_str())
            }
        }

        /// Lets a call take an id by reference, as in `get(&dataset.uid)`.
        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }

        $crate::field::plain_field!($name);
    )*};
}

opaque_id! {
    /// Identifies a [`Dataset`](crate::Dataset).
    pub struct DatasetUid;
    /// The short name of a dataset, unique for its owner; a part of its web address.
    pub struct DatasetSlug;
    /// Identifies a [`DatasetItem`](crate::DatasetItem).
    pub struct ItemUid;
    /// Identifies a [`DatasetSequence`](crate::DatasetSequence).
    pub struct SequenceUid;
    /// Identifies a [`Project`](crate::Project).
    pub struct ProjectUid;
    /// Identifies a [`Task`](crate::Task).
    pub struct TaskUid;
    /// Identifies an [`Export`](crate::Export).
    pub struct ExportUid;
    /// Identifies a slice.
    pub struct SliceUid;
    /// Identifies an organization.
    pub struct OrganizationUid;
    /// The name of an account that owns things: a user's name or an organization's handle.
    pub struct OwnerName;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_its_own_text_in_every_direction() {
        let uid = DatasetUid::from("not-a-uuid / at all");
        assert_eq!(uid.to_string(), "not-a-uuid / at all");
        assert_eq!(serde_json::to_string(&uid).unwrap(), r#""not-a-uuid / at all""#);
        assert_eq!(serde_json::from_str::<DatasetUid>(r#""not-a-uuid / at all""#).unwrap(), uid);
        assert_eq!(DatasetUid::from(&uid), uid);
        assert_eq!(String::from(uid), "not-a-uuid / at all");
    }

    #[test]
    fn debug_names_the_kind_and_display_pads() {
        assert_eq!(format!("{:?}", TaskUid::from("t1")), r#"TaskUid("t1")"#);
        assert_eq!(format!("[{:>4}]", TaskUid::from("t1")), "[  t1]");
    }
}
