// Random numbers that are the same in every run.

/**
 * @param {number} seed
 * @returns {() => number} uniform in [0, 1); the generator is Mulberry32
 */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** @typedef {() => number} Random */

/** @template T @param {Random} random @param {readonly T[]} items @returns {T} */
export const pick = (random, items) => items[Math.floor(random() * items.length)];

/** @param {Random} random @param {number} low @param {number} high @returns {number} in [low, high) */
export const between = (random, low, high) => low + random() * (high - low);

/** @param {Random} random @param {number} low @param {number} high @returns {number} in low..=high */
export const integerBetween = (random, low, high) => Math.floor(between(random, low, high + 1));
