/** Whether a series of samples stays flat, said so that noise does not hide a leak and a leak of nothing is not seen in noise. */

/**
 * What a series does over its window. The slope of a half is the median of the slopes between all its pairs (Theil-Sen): a few odd samples do not move it. What grows on and on grows in both halves, so the lesser
 * of the two counts: a step, as buffers make one when a machine stalls and packets pile up, is in one half only.
 */
export interface Trend {
  /** Median of the samples. */
  readonly level: number
  /** How much the trend adds from the first sample to the last. */
  readonly growth: number
  /** growth / level. */
  readonly part: number
}

/** @param samples at equal distances in time, six or more; the first quarter is left out, in which buffers find their size */
export function trendOf(samples: readonly number[]): Trend {
  const settled = samples.slice(Math.floor(samples.length / 4))
  const middle = Math.ceil(settled.length / 2)
  const level = median(settled)
  const growth = Math.min(slopeOf(settled.slice(0, middle)), slopeOf(settled.slice(middle))) * (settled.length - 1)
  return { level, growth, part: growth / level }
}

function slopeOf(samples: readonly number[]): number {
  return median(samples.flatMap((later, index) => samples.slice(0, index).map((earlier, before) => (later - earlier) / (index - before))))
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  const middle = Math.floor(sorted.length / 2)
  const [above, below] = [sorted[middle] ?? Number.NaN, sorted[middle - 1] ?? Number.NaN]
  return sorted.length % 2 === 1 ? above : (above + below) / 2
}
