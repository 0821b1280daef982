//! The ground track of one passage: a vessel's own line along a lane.

use std::f64::consts::PI;

use crate::draw::Draw;
use crate::sphere::{GreatCircle, RADIUS_NM, Vector};
use crate::world::Track;

/// Where between port side and starboard side of a lane vessels sail: rather to starboard, as the rules of the road ask.
const SIDES: (f64, f64) = (-0.25, 0.9);
/// How far they stray from that at each point of the lane.
const STRAY: f64 = 0.3;
/// How far wind and current set them off a straight line, at most and as a share of the lane's width.
const SET_NM: f64 = 0.35;
const SET_SHARE: f64 = 0.2;
/// From one side of the straight line to the other, about.
const SET_LENGTH_NM: f64 = 45.0;

/// A passage along the points `first..=last` of a track, from a place of the vessel's own to another.
pub struct Passage<'w> {
    /// The lane.
    pub track: &'w Track,
    /// The point of the track instead of which `start` is taken.
    pub first: usize,
    /// The point of the track instead of which `end` is taken.
    pub last: usize,
    /// Where it begins; asked for only near there, as the end is.
    pub start: &'w dyn Fn() -> Vector,
    /// Where it ends.
    pub end: &'w dyn Fn() -> Vector,
    /// What the vessel's own line is drawn from.
    pub key: u64,
}

/// A point of a passage.
#[derive(Debug, Clone, Copy)]
pub struct Fix {
    /// Where.
    pub point: Vector,
    /// The direction of travel over ground.
    pub direction: Vector,
    /// Own miles for one mile of the lane.
    pub stretch: f64,
}

impl Passage<'_> {
    /// Miles along the lane.
    #[must_use]
    pub fn length_nm(&self) -> f64 {
        self.track.points[self.last].nm - self.track.points[self.first].nm
    }

    /// Where the vessel is after so many miles of the lane.
    #[must_use]
    pub fn at(&self, nm: f64) -> Fix {
        let points = &self.track.points[self.first..=self.last];
        let nm = points[0].nm + nm;
        let behind = points.partition_point(|point| point.nm <= nm).clamp(1, points.len() - 1) - 1;
        let (from, to) = (points[behind], points[behind + 1]);
        let own = GreatCircle::between(self.own_point(self.first + behind), self.own_point(self.first + behind + 1));
        let share = ((nm - from.nm) / (to.nm - from.nm)).clamp(0.0, 1.0);
        let (point, direction) = own.at(share * own.length_nm);
        let fix = Fix { point, direction, stretch: own.length_nm / (to.nm - from.nm) };
        fix.set_off(share, own.length_nm, (SET_SHARE * (from.width_nm + to.width_nm) / 2.0).min(SET_NM))
    }

    fn own_point(&self, index: usize) -> Vector {
        if index == self.first {
            return (self.start)();
        }
        if index == self.last {
            return (self.end)();
        }
        let point = &self.track.points[index];
        let side = Draw::of(&[self.key]).between(SIDES.0, SIDES.1);
        let stray = Draw::of(&[self.key, index as u64]).between(-STRAY, STRAY);
        (point.point + point.starboard * (side + stray)).normalized()
    }
}

impl Fix {
    /// Moves the point sideways along a wave that is back on the line at both ends.
    fn set_off(self, share: f64, length_nm: f64, most_nm: f64) -> Fix {
        let per_nm = PI * (length_nm / SET_LENGTH_NM).round().max(1.0) / length_nm;
        let (sine, cosine) = libm::sincos(per_nm * share * length_nm);
        let starboard = self.direction.cross(self.point);
        Fix {
            point: (self.point + starboard * (most_nm * sine / RADIUS_NM)).normalized(),
            direction: self.direction + starboard * (most_nm * per_nm * cosine),
            ..self
        }
    }
}
