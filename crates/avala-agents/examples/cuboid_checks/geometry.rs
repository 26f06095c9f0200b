//! Geometry of cuboids that stand upright and are turned around the vertical axis. Pure functions, no API.

/// A cuboid in metres, in the coordinates of the sensor: x forward, y left, z up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cuboid {
    pub(crate) center: [f64; 3],
    /// Length along its own x axis, width along y, height along z.
    pub(crate) size: [f64; 3],
    /// Rotation around the vertical axis in radians.
    pub(crate) yaw: f64,
}

type Point = [f64; 2];

impl Cuboid {
    /// Returns whether every number is finite, and every side longer than zero.
    pub(crate) fn is_valid(&self) -> bool {
        let numbers = self.center.iter().chain(&self.size).chain([&self.yaw]);
        numbers.into_iter().all(|number| number.is_finite()) && self.size.iter().all(|side| *side > 0.0)
    }

    pub(crate) fn volume(&self) -> f64 {
        self.size.iter().product()
    }

    /// Returns the horizontal distance of its center from the sensor.
    pub(crate) fn range(&self) -> f64 {
        self.center[0].hypot(self.center[1])
    }

    /// Returns the corners of its footprint, counterclockwise.
    fn footprint(&self) -> Vec<Point> {
        let (sin, cos) = self.yaw.sin_cos();
        let [length, width, _] = self.size.map(|side| side / 2.0);
        let corners = [(length, width), (-length, width), (-length, -width), (length, -width)];
        corners.iter().map(|(x, y)| [self.center[0] + x * cos - y * sin, self.center[1] + x * sin + y * cos]).collect()
    }
}

/// Returns the shared volume of two valid cuboids as a part of the smaller one: 0 without an overlap, 1 if one contains
/// the other.
pub(crate) fn overlap(a: &Cuboid, b: &Cuboid) -> f64 {
    let top = (a.center[2] + a.size[2] / 2.0).min(b.center[2] + b.size[2] / 2.0);
    let bottom = (a.center[2] - a.size[2] / 2.0).max(b.center[2] - b.size[2] / 2.0);
    let height = top - bottom;
    // Most pairs are far apart: their circles do not touch.
    let reach = (a.size[0].hypot(a.size[1]) + b.size[0].hypot(b.size[1])) / 2.0;
    let distance = (a.center[0] - b.center[0]).hypot(a.center[1] - b.center[1]);
    if height <= 0.0 || distance >= reach {
        return 0.0;
    }
    area(&intersection(a.footprint(), &b.footprint())) * height / a.volume().min(b.volume())
}

/// Returns the intersection of two convex polygons, by the algorithm of Sutherland and Hodgman: the first is clipped by
/// each side of the second.
fn intersection(mut polygon: Vec<Point>, clip: &[Point]) -> Vec<Point> {
    for (start, end) in sides(clip) {
        // Positive to the left of the side, which is inside.
        let inside =
            |point: Point| (end[0] - start[0]) * (point[1] - start[1]) - (end[1] - start[1]) * (point[0] - start[0]);
        let mut clipped = Vec::with_capacity(polygon.len() + 1);
        for (from, to) in sides(&polygon) {
            let (before, after) = (inside(from), inside(to));
            if before >= 0.0 {
                clipped.push(from);
            }
            if (before > 0.0 && after < 0.0) || (before < 0.0 && after > 0.0) {
                let part = before / (before - after);
                clipped.push([from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])]);
            }
        }
        polygon = clipped;
    }
    polygon
}

fn sides(polygon: &[Point]) -> impl Iterator<Item = (Point, Point)> + '_ {
    polygon.iter().copied().zip(polygon.iter().copied().cycle().skip(1))
}

/// Returns the area of a polygon, by the shoelace formula.
fn area(polygon: &[Point]) -> f64 {
    let doubled: f64 = sides(polygon).map(|(from, to)| from[0] * to[1] - to[0] * from[1]).sum();
    doubled.abs() / 2.0
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

    use super::*;

    fn cuboid(center: [f64; 3], size: [f64; 3], yaw: f64) -> Cuboid {
        Cuboid { center, size, yaw }
    }

    #[track_caller]
    fn assert_overlap(a: &Cuboid, b: &Cuboid, expected: f64) {
        for (a, b) in [(a, b), (b, a)] {
            assert!((overlap(a, b) - expected).abs() < 1e-9, "{} instead of {expected}", overlap(a, b));
        }
    }

    #[test]
    fn equal_cuboids_overlap_whole_at_any_yaw() {
        for yaw in [0.0, 0.3, FRAC_PI_4, FRAC_PI_2, PI, -2.0] {
            let one = cuboid([3.0, -2.0, 1.0], [4.0, 2.0, 1.5], yaw);
            assert_overlap(&one, &one, 1.0);
            assert_overlap(&one, &Cuboid { yaw: yaw + PI, ..one }, 1.0);
        }
    }

    #[test]
    fn cuboids_that_touch_or_are_apart_do_not_overlap() {
        let one = cuboid([0.0; 3], [2.0; 3], 0.0);
        assert_overlap(&one, &cuboid([2.0, 0.0, 0.0], [2.0; 3], 0.0), 0.0);
        assert_overlap(&one, &cuboid([0.0, 0.0, 2.0], [2.0; 3], 0.0), 0.0);
        assert_overlap(&one, &cuboid([50.0, 0.0, 0.0], [2.0; 3], 1.0), 0.0);
        // Their circles touch, but the cuboids do not.
        assert_overlap(&one, &cuboid([2.2, 2.2, 0.0], [2.0; 3], 0.0), 0.0);
    }

    #[test]
    fn partial_overlaps_are_parts_of_the_smaller_one() {
        let one = cuboid([0.0; 3], [4.0, 2.0, 2.0], 0.0);
        assert_overlap(&one, &cuboid([2.0, 0.0, 0.0], [4.0, 2.0, 2.0], 0.0), 0.5);
        assert_overlap(&one, &cuboid([0.0, 0.0, 1.0], [4.0, 2.0, 2.0], 0.0), 0.5);
        assert_overlap(&one, &cuboid([0.0; 3], [1.0, 1.0, 1.0], 0.7), 1.0);
        // Crossed: the common square is a half of each.
        assert_overlap(&one, &cuboid([0.0; 3], [4.0, 2.0, 2.0], FRAC_PI_2), 0.5);
        // A square turned by an eighth: the octagon inside both.
        let square = cuboid([0.0; 3], [2.0; 3], 0.0);
        assert_overlap(&square, &Cuboid { yaw: FRAC_PI_4, ..square }, 2.0 * (2.0_f64.sqrt() - 1.0));
    }

    #[test]
    fn invalid_numbers_are_noticed() {
        assert!(cuboid([0.0; 3], [1.0; 3], 0.0).is_valid());
        for broken in [
            cuboid([f64::NAN, 0.0, 0.0], [1.0; 3], 0.0),
            cuboid([0.0; 3], [1.0, 0.0, 1.0], 0.0),
            cuboid([0.0; 3], [1.0, -2.0, 1.0], 0.0),
            cuboid([0.0; 3], [1.0; 3], f64::INFINITY),
        ] {
            assert!(!broken.is_valid(), "{broken:?}");
        }
    }

    #[test]
    fn range_ignores_the_height() {
        assert!((cuboid([3.0, 4.0, 100.0], [1.0; 3], 0.0).range() - 5.0).abs() < 1e-9);
    }
}
