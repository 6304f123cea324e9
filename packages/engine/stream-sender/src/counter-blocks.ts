const ownersPerBlock = 64

/**
 * Counters of many streams, in blocks of memory apart from the heap. A field that holds a BigInt gets a new object with each update, and a collection of young objects visits every field that was
 * updated since the last: with 8,000 streams that was most of its pause. A place is never given to another stream; a block lives as long as any of its streams.
 */
export class CounterBlocks {
  readonly #each: number
  #block = new BigInt64Array()
  #at = 0

  /** @param each counters of one stream */
  constructor(each: number) {
    this.#each = each
  }

  /** So many zeros from `at` on. They hold -2^63 to 2^63-1: whoever counts sees to it that none goes beyond. */
  take(): { readonly block: BigInt64Array; readonly at: number } {
    if (this.#at === this.#block.length) {
      this.#block = new BigInt64Array(ownersPerBlock * this.#each)
      this.#at = 0
    }
    const at = this.#at
    this.#at += this.#each
    return { block: this.#block, at }
  }
}
