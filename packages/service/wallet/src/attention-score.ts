/** Brave's published score of a visit, as exact integers: grows with the square root of its length, so that one long visit does not outweigh many short ones. */

/** Scores are millionths of a point. */
export const scoreScale = 1_000_000n

/** A visit shorter than this scores nothing: eight seconds, Brave's default. */
const visitSecondsMin = 8

/**
 * Score of one visit, in millionths of a point, rounded down: with M = 100 m, a = 15,000 - M, b = M - a it is (-b + sqrt(b^2 + 400 a d)) / 2a.
 * @param seconds of the visit, d: a whole number from 0 to 10^6
 * @param minimumSeconds m, 1 to 70: so long a visit scores one point, a shorter one nothing
 */
export function scoreOf(seconds: number, minimumSeconds = visitSecondsMin): bigint {
  if (seconds < minimumSeconds) return 0n
  const scaled = BigInt(minimumSeconds) * 100n
  const a = 15_000n - scaled
  const b = scaled - a
  const root = squareRootFloor((b * b + 400n * a * BigInt(seconds)) * scoreScale * scoreScale)
  return (root - b * scoreScale) / (2n * a)
}

/** The largest integer whose square is not above `value` (Newton's method). */
function squareRootFloor(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
