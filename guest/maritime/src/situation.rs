//! What a vessel's transponder would report at a moment.

use std::f64::consts::TAU;

use ingestor_core::time::{HOUR, MINUTE, Micros};

use crate::draw::Draw;
use crate::fleet::{Fleet, Vessel};
use crate::motion::Run;
use crate::sphere::Vector;
use crate::voyage::{Leg, Passage, Round, shift_run};
use crate::world::{Place, PlaceIndex, Track, TrackPoint};

/// What streams of random numbers are for.
const VOYAGE: u64 = 4;
const ANCHORAGE: u64 = 5;
const BERTH: u64 = 6;
const CATCH: u64 = 7;

/// How far from the middle of the roads vessels anchor.
const ANCHORAGE_NM: f64 = 1.3;
/// How far the quays of a port stretch to either side.
const QUAYS_NM: f64 = 0.3;
/// The most that a berth, an anchorage or a place to fish is off the point of the track that stands for it, as a share of
/// the shorter of the legs that meet there. A vessel covers its own leg in the time of the lane's: with what `WIDTH_SHARE`
/// allows at the other end, its own is at most 30 % longer, and it that much faster.
const PLACE_SHARE: f64 = 0.2;
/// How far a vessel swings around its anchor, to either side, and how long it takes to come back: half a tide.
const SWING_NM: f64 = 0.12;
const SWING_RADIANS: f64 = 0.9;
const SWING_HOURS: f64 = 6.2;
/// The speed of a trawl, and how far one reaches.
const TRAWL_KNOTS: f64 = 3.2;
const TRAWL_NM: (f64, f64) = (4.0, 9.0);
/// How far the course steered is off the course over ground, at most.
const DRIFT_DEGREES: f64 = 4.0;
/// How wrong estimated times of arrival are, at most, as a share of the time that is left.
const ETA_ERROR_SHARE: f64 = 0.04;

/// What a vessel is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// On its way, or fishing.
    UnderwayUsingEngine,
    /// Waiting on the roads.
    AtAnchor,
    /// At the quay.
    Moored,
}

impl Status {
    /// As the tables call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Status::UnderwayUsingEngine => "UNDERWAY_USING_ENGINE",
            Status::AtAnchor => "AT_ANCHOR",
            Status::Moored => "MOORED",
        }
    }
}

/// Where a vessel is and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Situation {
    /// Where.
    pub point: Vector,
    /// Speed over ground.
    pub knots: f64,
    /// Course over ground, in degrees from north in [0, 360).
    pub course: f64,
    /// Where the bow points, likewise.
    pub heading: f64,
    /// What it is doing.
    pub status: Status,
    /// Where it is bound for; in port, that port.
    pub destination: Place,
    /// When it believes to arrive, to the minute. Only on a voyage.
    pub eta: Option<Micros>,
    /// Its draught, in tenths of a metre.
    pub draft_dm: u16,
}

impl Fleet {
    /// Where a vessel is at a moment, in microseconds since 1970, past or future.
    #[must_use]
    pub fn situation(&self, vessel: &Vessel, time: Micros) -> Situation {
        self.situation_on(vessel, &Voyage::at(self, vessel, time), time)
    }

    /// The same, from the round of that moment.
    #[must_use]
    pub fn situation_in(&self, vessel: &Vessel, round: &Round, time: Micros) -> Situation {
        self.situation_on(vessel, &Voyage::of(self, vessel, round, time), time)
    }

    /// The same, from the voyage of that moment.
    #[must_use]
    pub fn situation_on(&self, vessel: &Vessel, voyage: &Voyage, time: Micros) -> Situation {
        let Voyage { leg, key, habit, .. } = voyage;
        let track = self.world.track(leg.from, leg.to);
        Watch { fleet: self, vessel, round: voyage.round, leg, track, key: *key, habit, time }.situation()
    }
}

/// A leg, and what is drawn for it: all that the vessel's situations follow from as long as it lasts.
#[derive(Debug, Clone)]
pub struct Voyage {
    leg: Leg,
    round: i64,
    /// What this leg's own numbers are drawn from.
    key: u64,
    habit: Habit,
}

impl Voyage {
    /// That of a moment.
    #[must_use]
    pub fn at(fleet: &Fleet, vessel: &Vessel, time: Micros) -> Voyage {
        Voyage::of(fleet, vessel, &Round::draw(fleet, vessel, Round::number_at(vessel, time)), time)
    }

    fn of(fleet: &Fleet, vessel: &Vessel, round: &Round, time: Micros) -> Voyage {
        let (index, leg) = round.leg_at(time);
        let key = Draw::of(&[fleet.seed, VOYAGE, vessel.index.into(), round.number as u64, index as u64]).bits();
        Voyage { leg: *leg, round: round.number, key, habit: Habit::draw(vessel, key) }
    }

    /// Whether it is that of this moment, too.
    #[must_use]
    pub fn lasts_at(&self, time: Micros) -> bool {
        (self.leg.departed..self.leg.left).contains(&time)
    }
}

/// Everything about a moment.
struct Watch<'a> {
    fleet: &'a Fleet,
    vessel: &'a Vessel,
    round: i64,
    leg: &'a Leg,
    track: &'a Track,
    key: u64,
    habit: &'a Habit,
    time: Micros,
}

/// What differs from one voyage to the next.
#[derive(Debug, Clone)]
struct Habit {
    draft_dm: u16,
    drift: f64,
    eta_error: f64,
}

impl Habit {
    fn draw(vessel: &Vessel, key: u64) -> Habit {
        let mut draw = Draw::of(&[key, VOYAGE]);
        let (least, most) = vessel.kind.habits().lading;
        Habit {
            draft_dm: (f64::from(vessel.draft_dm) * draw.between(least, most)).round() as u16,
            drift: draw.between(-DRIFT_DEGREES, DRIFT_DEGREES),
            eta_error: draw.between(-ETA_ERROR_SHARE, ETA_ERROR_SHARE),
        }
    }
}

impl Watch<'_> {
    fn situation(&self) -> Situation {
        let leg = self.leg;
        if self.time < leg.arrived {
            self.on_voyage()
        } else if self.time < leg.weighed {
            self.at_anchor()
        } else if self.time < leg.berthed {
            self.shifting()
        } else if leg.is_to_ground() {
            self.fishing()
        } else {
            self.moored()
        }
    }

    fn on_voyage(&self) -> Situation {
        let leg = self.leg;
        let track = self.track;
        let ends_at_sea = leg.anchored() || leg.is_to_ground();
        let passage = Passage {
            track,
            first: 0,
            last: if ends_at_sea { track.roads } else { track.points.len() - 1 },
            start: &|| self.spot(leg.from, &track.points[0]),
            end: &|| if leg.anchored() { self.anchorage() } else { self.spot_of_destination() },
            key: self.key,
        };
        let run = Run::new(passage.length_nm(), hours(leg.arrived - leg.departed), self.vessel.ramp_hours);
        let left = leg.arrived - self.time;
        let error = (left as f64 * self.habit.eta_error) as Micros;
        let eta = (leg.arrived + error + MINUTE / 2).div_euclid(MINUTE) * MINUTE;
        Situation { eta: Some(eta), ..self.sailing(&passage, run, leg.departed) }
    }

    fn shifting(&self) -> Situation {
        let (leg, track) = (self.leg, self.track);
        let passage = Passage {
            track,
            first: track.roads,
            last: track.points.len() - 1,
            start: &|| self.anchorage(),
            end: &|| self.spot_of_destination(),
            key: self.key,
        };
        let run = shift_run(passage.length_nm(), hours(leg.berthed - leg.weighed));
        self.sailing(&passage, run, leg.weighed)
    }

    fn sailing(&self, passage: &Passage<'_>, run: Run, since: Micros) -> Situation {
        let (nm, knots) = run.at(hours(self.time - since));
        let fix = passage.at(nm);
        let course = fix.point.course(fix.direction);
        self.report(fix.point, knots * fix.stretch, course, course + self.habit.drift, Status::UnderwayUsingEngine)
    }

    /// It lies to its anchor with the bow to the tide, and swings with it. The anchor is where it would swing around the
    /// place where it stopped.
    fn at_anchor(&self) -> Situation {
        let leg = self.leg;
        let swings = (hours(leg.weighed - leg.arrived) / SWING_HOURS).round().max(1.0);
        let per_hour = TAU * swings / hours(leg.weighed - leg.arrived);
        let (sine, cosine) = libm::sincos(per_hour * hours(self.time - leg.arrived));
        let rest = Draw::of(&[self.key, ANCHORAGE]).between(0.0, TAU);
        let angle = rest + SWING_RADIANS * sine;
        let turning = SWING_RADIANS * per_hour * cosine;
        let ((sin_rest, cos_rest), (sin_angle, cos_angle)) = (libm::sincos(rest), libm::sincos(angle));
        let point = self.anchorage().moved(SWING_NM * (sin_angle - sin_rest), SWING_NM * (cos_angle - cos_rest));
        let course = angle.to_degrees() + if turning < 0.0 { 270.0 } else { 90.0 };
        self.report(point, SWING_NM * turning.abs(), course, angle.to_degrees() + 180.0, Status::AtAnchor)
    }

    fn moored(&self) -> Situation {
        let heading =
            Draw::of(&[self.fleet.seed, BERTH, self.vessel.index.into(), self.leg.to.into(), BERTH]).unit() * 360.0;
        self.report(self.spot_of_destination(), 0.0, heading, heading, Status::Moored)
    }

    /// It trawls along figures of eight that begin and end where it came and will leave.
    fn fishing(&self) -> Situation {
        let leg = self.leg;
        let mut draw = Draw::of(&[self.key, CATCH]);
        let reach_nm = draw.between(TRAWL_NM.0, TRAWL_NM.1);
        let stay_hours = hours(leg.left - leg.berthed);
        let figures = (TRAWL_KNOTS * stay_hours / (TAU * reach_nm)).round().max(1.0);
        let (nm, knots) = Run::new(TAU * reach_nm * figures, stay_hours, 0.3).at(hours(self.time - leg.berthed));
        let (sine, cosine) = libm::sincos(nm / reach_nm);
        // x = sin(a), y = sin(2a) / 2, and their derivatives.
        let (east, north) = (sine, sine * cosine);
        let (eastwards, northwards) = (cosine, cosine * cosine - sine * sine);
        let point = self.spot_of_destination().moved(reach_nm * east, reach_nm * north);
        let course = libm::atan2(eastwards, northwards).to_degrees();
        let knots = knots * (eastwards * eastwards + northwards * northwards).sqrt();
        self.report(point, knots, course, course + self.habit.drift, Status::UnderwayUsingEngine)
    }

    fn report(&self, point: Vector, knots: f64, course: f64, heading: f64, status: Status) -> Situation {
        Situation {
            point,
            knots,
            course: turned(course),
            heading: turned(heading),
            status,
            destination: Place::of(self.leg.to),
            eta: None,
            draft_dm: self.habit.draft_dm,
        }
    }

    /// Where it anchors on the roads during this leg.
    fn anchorage(&self) -> Vector {
        let mut draw = Draw::of(&[self.key, ANCHORAGE, ANCHORAGE]);
        within(&self.track.points[self.track.roads], ANCHORAGE_NM, &mut draw)
    }

    fn spot_of_destination(&self) -> Vector {
        self.spot(self.leg.to, &self.track.points[self.track.points.len() - 1])
    }

    /// Its berth in a port, the same at each call; or where it fishes on a ground, the same for a round. `middle` is the
    /// point of a track that stands for the place.
    fn spot(&self, place: PlaceIndex, middle: &TrackPoint) -> Vector {
        let (seed, vessel) = (self.fleet.seed, self.vessel.index.into());
        let (keys, radius_nm) = match Place::of(place) {
            Place::Port(_) => ([seed, BERTH, vessel, place.into(), 0], QUAYS_NM),
            Place::Ground(ground) => {
                ([seed, CATCH, vessel, place.into(), self.round as u64], ground.radius_nm - TRAWL_NM.1)
            }
        };
        within(middle, radius_nm, &mut Draw::of(&keys))
    }
}

/// A place within a distance of a track's point, as far as the legs there allow; all of them equally likely.
fn within(middle: &TrackPoint, radius_nm: f64, draw: &mut Draw) -> Vector {
    let (sine, cosine) = libm::sincos(draw.between(0.0, TAU));
    let nm = radius_nm.min(PLACE_SHARE * middle.leg_nm) * draw.unit().sqrt();
    middle.point.moved(nm * sine, nm * cosine)
}

fn hours(micros: Micros) -> f64 {
    micros as f64 / HOUR as f64
}

/// Degrees as a compass has them.
fn turned(degrees: f64) -> f64 {
    // The remainder is a loop in WebAssembly; most are close.
    let degrees = match degrees {
        -360.0..360.0 => degrees,
        360.0..720.0 => degrees - 360.0,
        _ => degrees % 360.0,
    };
    if degrees < 0.0 { degrees + 360.0 } else { degrees }
}
