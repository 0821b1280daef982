//! Geometry on a sphere of the Earth's mean radius. Points are unit vectors; distances are nautical miles.

use std::ops::{Add, Mul, Sub};

/// Nautical miles for one radian: the mean radius of 6371.0088 km (IUGG) in miles of 1852 m.
pub const RADIUS_NM: f64 = 3440.0695;

/// A vector in space; x points to 0° N 0° E, z to the north pole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Vector {
    /// Towards 0° N 0° E.
    pub x: f64,
    /// Towards 0° N 90° E.
    pub y: f64,
    /// Towards the north pole.
    pub z: f64,
}

impl Vector {
    /// The point at these degrees.
    #[must_use]
    pub fn at(latitude: f64, longitude: f64) -> Vector {
        let (sin_latitude, cos_latitude) = libm::sincos(latitude.to_radians());
        let (sin_longitude, cos_longitude) = libm::sincos(longitude.to_radians());
        Vector { x: cos_latitude * cos_longitude, y: cos_latitude * sin_longitude, z: sin_latitude }
    }

    /// Its latitude and longitude in degrees, the latter in [-180, 180].
    #[must_use]
    pub fn degrees(self) -> (f64, f64) {
        let latitude = libm::atan2(self.z, (self.x * self.x + self.y * self.y).sqrt());
        (latitude.to_degrees(), libm::atan2(self.y, self.x).to_degrees())
    }

    /// The scalar product.
    #[must_use]
    pub fn dot(self, other: Vector) -> f64 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    /// The vector product.
    #[must_use]
    pub fn cross(self, other: Vector) -> Vector {
        Vector {
            x: self.y * other.z - self.z * other.y,
            y: self.z * other.x - self.x * other.z,
            z: self.x * other.y - self.y * other.x,
        }
    }

    /// Its length.
    #[must_use]
    pub fn norm(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The same direction with length 1.
    #[must_use]
    pub fn normalized(self) -> Vector {
        self * (1.0 / self.norm())
    }

    /// The directions east and north at this point. Not defined at the poles, where no ship is.
    #[must_use]
    pub fn east_north(self) -> (Vector, Vector) {
        let east = Vector { x: -self.y, y: self.x, z: 0.0 }.normalized();
        (east, self.cross(east))
    }

    /// The point that lies so many miles to the east and north. For short ways only.
    #[must_use]
    pub fn moved(self, east_nm: f64, north_nm: f64) -> Vector {
        let (east, north) = self.east_north();
        (self + east * (east_nm / RADIUS_NM) + north * (north_nm / RADIUS_NM)).normalized()
    }

    /// The compass course of a direction at this point: degrees from north in [0, 360).
    #[must_use]
    pub fn course(self, direction: Vector) -> f64 {
        let (east, north) = self.east_north();
        let degrees = libm::atan2(direction.dot(east), direction.dot(north)).to_degrees();
        if degrees < 0.0 { degrees + 360.0 } else { degrees }
    }

    /// Miles along the great circle.
    #[must_use]
    pub fn distance_nm(self, other: Vector) -> f64 {
        libm::atan2(self.cross(other).norm(), self.dot(other)) * RADIUS_NM
    }
}

impl Add for Vector {
    type Output = Vector;
    fn add(self, other: Vector) -> Vector {
        Vector { x: self.x + other.x, y: self.y + other.y, z: self.z + other.z }
    }
}

impl Sub for Vector {
    type Output = Vector;
    fn sub(self, other: Vector) -> Vector {
        Vector { x: self.x - other.x, y: self.y - other.y, z: self.z - other.z }
    }
}

impl Mul<f64> for Vector {
    type Output = Vector;
    fn mul(self, factor: f64) -> Vector {
        Vector { x: self.x * factor, y: self.y * factor, z: self.z * factor }
    }
}

/// A great circle from one point towards another.
#[derive(Debug, Clone, Copy)]
pub struct GreatCircle {
    from: Vector,
    /// A quarter of the globe ahead of `from`.
    ahead: Vector,
    /// From one point to the other.
    pub length_nm: f64,
}

impl GreatCircle {
    /// From one point to another, which must neither be the same nor its antipode.
    #[must_use]
    pub fn between(from: Vector, to: Vector) -> GreatCircle {
        let cosine = from.dot(to);
        let across = to - from * cosine;
        let sine = across.norm();
        GreatCircle { from, ahead: across * (1.0 / sine), length_nm: libm::atan2(sine, cosine) * RADIUS_NM }
    }

    /// The point so many miles along, and the direction of travel there.
    #[must_use]
    pub fn at(&self, nm: f64) -> (Vector, Vector) {
        let (sine, cosine) = libm::sincos(nm / RADIUS_NM);
        (self.from * cosine + self.ahead * sine, self.ahead * cosine - self.from * sine)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_distances_are_met() {
        // The worked example of Ed Williams' Aviation Formulary: from LAX to JFK it is 0.623585 radians.
        let (lax, jfk) = (Vector::at(33.95, -118.4), Vector::at(40.0 + 38.0 / 60.0, -(73.0 + 47.0 / 60.0)));
        assert!((lax.distance_nm(jfk) / RADIUS_NM - 0.623_585).abs() < 1e-6);
        // A minute of latitude is a mile, which is where the mile comes from.
        assert!((Vector::at(0.0, 10.0).distance_nm(Vector::at(1.0, 10.0)) - 60.04).abs() < 0.01);
    }

    #[test]
    fn courses_are_those_of_a_compass() {
        let here = Vector::at(10.0, 20.0);
        for (latitude, longitude, course) in
            [(11.0, 20.0, 0.0), (9.0, 20.0, 180.0), (10.0, 20.1, 90.0), (10.0, 19.9, 270.0)]
        {
            let way = GreatCircle::between(here, Vector::at(latitude, longitude));
            let (point, direction) = way.at(0.0);
            let off = (point.course(direction) - course).abs();
            assert!(off.min(360.0 - off) < 0.1, "to {latitude} {longitude}: {}", point.course(direction));
        }
    }

    proptest! {
        #[test]
        fn a_way_along_a_great_circle_ends_where_it_should(
            from in (-80.0..80.0_f64, -180.0..180.0_f64), to in (-80.0..80.0_f64, -180.0..180.0_f64), share in 0.0..1.0_f64,
        ) {
            let (from, to) = (Vector::at(from.0, from.1), Vector::at(to.0, to.1));
            prop_assume!(from.distance_nm(to) > 1.0 && from.distance_nm(to) < 10_700.0);
            let way = GreatCircle::between(from, to);
            let (end, _) = way.at(way.length_nm);
            prop_assert!(end.distance_nm(to) < 1e-6);
            let (middle, direction) = way.at(way.length_nm * share);
            prop_assert!((from.distance_nm(middle) + middle.distance_nm(to) - way.length_nm).abs() < 1e-6);
            prop_assert!(middle.dot(direction).abs() < 1e-9);
        }

        #[test]
        fn degrees_survive_the_way_to_a_vector_and_back(latitude in -85.0..85.0_f64, longitude in -179.9..179.9_f64) {
            let (back_latitude, back_longitude) = Vector::at(latitude, longitude).degrees();
            prop_assert!((back_latitude - latitude).abs() < 1e-9 && (back_longitude - longitude).abs() < 1e-9);
        }
    }
}
