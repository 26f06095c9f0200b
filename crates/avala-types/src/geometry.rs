//! Positions and orientations: plain data, for the geometry library of your choice.

use crate::field::plain_field;
use crate::plain_struct::{read_struct, write_struct};

/// A position or direction in three dimensions.
///
/// ```
/// let position = avala_types::Vec3::from([1.5, 0.0, 2.1]);
/// assert_eq!(<[f64; 3]>::from(position), [1.5, 0.0, 2.1]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vec3 {
    /// Along the first axis.
    pub x: f64,
    /// Along the second axis.
    pub y: f64,
    /// Along the third axis.
    pub z: f64,
}

/// An orientation as a quaternion, with the real part last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quat {
    /// First imaginary part (x).
    pub x: f64,
    /// Second imaginary part (y).
    pub y: f64,
    /// Third imaginary part (z).
    pub z: f64,
    /// Real part (w).
    pub w: f64,
}

impl From<[f64; 3]> for Vec3 {
    fn from([x, y, z]: [f64; 3]) -> Self {
        Self { x, y, z }
    }
}

impl From<Vec3> for [f64; 3] {
    fn from(Vec3 { x, y, z }: Vec3) -> Self {
        [x, y, z]
    }
}

impl From<[f64; 4]> for Quat {
    /// Converts from `[x, y, z, w]`.
    fn from([x, y, z, w]: [f64; 4]) -> Self {
        Self { x, y, z, w }
    }
}

impl From<Quat> for [f64; 4] {
    /// Converts to `[x, y, z, w]`.
    fn from(Quat { x, y, z, w }: Quat) -> Self {
        [x, y, z, w]
    }
}

write_struct!(Vec3 { x, y, z });
write_struct!(Quat { x, y, z, w });
read_struct!(Vec3 { required { x, y, z } optional {} });
read_struct!(Quat { required { x, y, z, w } optional {} });
plain_field!(Vec3, Quat);

crate::setter::converted!(Vec3, Quat);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_may_be_strings_and_none_may_be_missing() {
        let quat: Quat = serde_json::from_str(r#"{"x":0,"y":"0.5","z":-0.5,"w":1e0,"frame":"map"}"#).unwrap();
        assert_eq!(<[f64; 4]>::from(quat), [0.0, 0.5, -0.5, 1.0]);
        assert!(serde_json::from_str::<Vec3>(r#"{"x":1,"y":2}"#).is_err());
    }
}
