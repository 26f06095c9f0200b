//! Names of the demo data, for tests and examples.
//!
//! The accounts exist with every [`Seed`](crate::Seed), the rest with [`Seed::Demo`](crate::Seed::Demo).

/// The user that the key belongs to.
pub const OWNER: &str = "acme-robotics";

/// Another user.
pub const OTHER_OWNER: &str = "harbor-vision";

/// The name of an organization.
pub const ORGANIZATION: &str = "northwind-labs";

/// The UID of that organization.
pub const ORGANIZATION_UID: &str = "c9b611db-0000-4000-8000-000000000001";

/// The dataset of [`OWNER`] that has 260 images with metadata and annotations.
pub const IMAGE_DATASET: &str = "forklift-images";

/// The dataset of [`OWNER`] that has three sequences; the first one has 40 frames with six cameras each.
pub const LIDAR_DATASET: &str = "warehouse-lidar";
