/** Upper bounds of the buckets, milliseconds; what is later falls into the last one. */
export const latenessBucketsMs: readonly number[] = [5, 10, 25, 50, 75, 100, 150, 250, 500, 1_000, 2_500, 5_000, 10_000]

/** How late payments were, from the instant of their tick to their Fulfill, counted by bucket: cheap enough for every packet. */
export class Lateness {
  /** For each bucket how many payments fell into it, and one more for those beyond. */
  readonly counts: number[] = Array.from({ length: latenessBucketsMs.length + 1 }, () => 0)
  sumMs = 0

  /** @param latenessMs milliseconds, 0 or more */
  observe(latenessMs: number): void {
    let bucket = 0
    while (bucket < latenessBucketsMs.length && latenessMs > (latenessBucketsMs[bucket] ?? 0)) bucket += 1
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
    this.sumMs += latenessMs
  }
}
