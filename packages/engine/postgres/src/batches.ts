/** Work that many requests want done with one transaction: one batch at a time, and what arrives meanwhile makes up the next. */
export class Batches<Item, Result> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #itemsPerBatchMax: number
  #waiting: { readonly item: Item; readonly resolve: (result: Result) => void; readonly reject: (error: unknown) => void }[] = []
  #running: Promise<void> | undefined

  /** @param work gives one result for each item, in order; when it throws, every item of the batch learns of it */
  constructor(work: (items: readonly Item[]) => Promise<readonly Result[]>, itemsPerBatchMax: number) {
    this.#work = work
    this.#itemsPerBatchMax = itemsPerBatchMax
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // Whoever asks in the same turn is in the same batch.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#itemsPerBatchMax)
      try {
        const results = await this.#work(batch.map(({ item }) => item))
        for (const [index, { resolve, reject }] of batch.entries()) {
          if (index < results.length) resolve(results[index] as Result)
          else reject(new Error('a batch gave too few results'))
        }
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#running = undefined
  }
}
