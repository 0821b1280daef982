// Geometry on a sphere of the Earth's mean radius.

const EARTH_RADIUS_NM = 3440.065;
const RADIANS = Math.PI / 180;

/** @typedef {{latitude: number, longitude: number}} Point in degrees */

/** @param {Point} a @param {Point} b @returns {number} the angle between them in radians, by the haversine formula */
function angleBetween(a, b) {
  const halfLatitude = Math.sin(((b.latitude - a.latitude) * RADIANS) / 2);
  const halfLongitude = Math.sin(((b.longitude - a.longitude) * RADIANS) / 2);
  const cosines = Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS);
  return 2 * Math.asin(Math.sqrt(halfLatitude ** 2 + cosines * halfLongitude ** 2));
}

/** @param {Point} a @param {Point} b @returns {number} nautical miles */
export const distanceNm = (a, b) => angleBetween(a, b) * EARTH_RADIUS_NM;

/** @param {Point} a @param {Point} b @returns {number} the course to steer from a towards b, in degrees from north */
export function bearing(a, b) {
  const difference = (b.longitude - a.longitude) * RADIANS;
  const [latitudeA, latitudeB] = [a.latitude * RADIANS, b.latitude * RADIANS];
  const east = Math.sin(difference) * Math.cos(latitudeB);
  const north =
    Math.cos(latitudeA) * Math.sin(latitudeB) - Math.sin(latitudeA) * Math.cos(latitudeB) * Math.cos(difference);
  return (Math.atan2(east, north) / RADIANS + 360) % 360;
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {number} fraction of the way, 0..1
 * @returns {Point} on the great circle from a to b
 */
export function pointBetween(a, b, fraction) {
  const angle = angleBetween(a, b);
  if (angle === 0) return a;
  const weights = [Math.sin((1 - fraction) * angle), Math.sin(fraction * angle)];
  let [x, y, z] = [0, 0, 0];
  for (const [index, point] of [a, b].entries()) {
    const [latitude, longitude] = [point.latitude * RADIANS, point.longitude * RADIANS];
    x += weights[index] * Math.cos(latitude) * Math.cos(longitude);
    y += weights[index] * Math.cos(latitude) * Math.sin(longitude);
    z += weights[index] * Math.sin(latitude);
  }
  return { latitude: Math.atan2(z, Math.hypot(x, y)) / RADIANS, longitude: Math.atan2(y, x) / RADIANS };
}
