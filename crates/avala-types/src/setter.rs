//! Arguments of setters of models and payloads: a value, anything that converts into one, or an `Option` of that.

use std::collections::BTreeMap;

/// A type that a setter converts into with `Into`. Numbers and booleans are not: a literal needs no suffix without it.
pub trait Converted {}

/// Marks types as [`Converted`].
macro_rules! converted {
    ($($ty:ty),+ $(,)?) => {$(
        impl $crate::setter::Converted for $ty {}
    )+};
}
pub(crate) use converted;

converted!(String);

/// Marks an argument that is a value.
#[derive(Debug)]
pub enum Plain {}

/// Marks an argument that is an `Option`, whose `None` leaves the field unset.
#[derive(Debug)]
pub enum Optional {}

/// An argument of a setter for a field of the type `F`.
///
/// Implemented by this crate only. The kind is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be set as `{F}`",
    note = "a setter takes the value, anything that converts into it, or an `Option` of that"
)]
pub trait SetterArgument<F, Kind> {
    /// Converts the argument into the value of the field.
    fn into_field(self) -> F;
}

impl<T: Converted, U: Into<T>> SetterArgument<T, Plain> for U {
    fn into_field(self) -> T {
        self.into()
    }
}

impl<T: Converted, U: Into<T>> SetterArgument<Option<T>, Plain> for U {
    fn into_field(self) -> Option<T> {
        Some(self.into())
    }
}

impl<T: Converted, U: Into<T>> SetterArgument<Option<T>, Optional> for Option<U> {
    fn into_field(self) -> Option<T> {
        self.map(Into::into)
    }
}

macro_rules! literal {
    ($($ty:ty),+) => {$(
        impl SetterArgument<$ty, Plain> for $ty {
            fn into_field(self) -> $ty {
                self
            }
        }

        impl SetterArgument<Option<$ty>, Plain> for $ty {
            fn into_field(self) -> Option<$ty> {
                Some(self)
            }
        }

        impl SetterArgument<Option<$ty>, Optional> for Option<$ty> {
            fn into_field(self) -> Option<$ty> {
                self
            }
        }
    )+};
}

literal!(bool, u16, u32, u64, i64, f64);

impl<T, I: IntoIterator<Item: Into<T>>> SetterArgument<Vec<T>, Plain> for I {
    fn into_field(self) -> Vec<T> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<T, I: IntoIterator<Item: Into<T>>> SetterArgument<Option<Vec<T>>, Plain> for I {
    fn into_field(self) -> Option<Vec<T>> {
        Some(self.into_iter().map(Into::into).collect())
    }
}

impl<T, I: IntoIterator<Item: Into<T>>> SetterArgument<Option<Vec<T>>, Optional> for Option<I> {
    fn into_field(self) -> Option<Vec<T>> {
        self.map(|items| items.into_iter().map(Into::into).collect())
    }
}

impl<K: Into<String>, V: Into<T>, T, I: IntoIterator<Item = (K, V)>> SetterArgument<BTreeMap<String, T>, (K, V)> for I {
    fn into_field(self) -> BTreeMap<String, T> {
        self.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
    }
}

impl<K: Into<String>, V: Into<T>, T, I: IntoIterator<Item = (K, V)>> SetterArgument<Option<BTreeMap<String, T>>, (K, V)>
    for I
{
    fn into_field(self) -> Option<BTreeMap<String, T>> {
        Some(self.into_field())
    }
}

impl<K: Into<String>, V: Into<T>, T, I: IntoIterator<Item = (K, V)>>
    SetterArgument<Option<BTreeMap<String, T>>, Option<(K, V)>> for Option<I>
{
    fn into_field(self) -> Option<BTreeMap<String, T>> {
        self.map(SetterArgument::into_field)
    }
}
