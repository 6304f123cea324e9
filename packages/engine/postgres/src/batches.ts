interface Waiting<Item, Result> {
  readonly item: Item
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/**
 * Work that many requests want done with one transaction: one batch at a time, and what arrives meanwhile makes up the next. What the database does not take of one request (its data, a constraint)
 * undoes all of a batch: each is then tried by itself, so that only that one hears of it.
 */
export class Batches<Item, Result> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Result[]>
  readonly #itemsPerBatchMax: number
  #waiting: Waiting<Item, Result>[] = []
  #running: Promise<void> | undefined

  /** @param work gives one result for each item, in order; when it throws anything else than the above, every item of the batch learns of it */
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
      await this.#answer(batch)
    }
    this.#running = undefined
  }

  async #answer(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#work(batch.map(({ item }) => item))
      for (const [index, { resolve, reject }] of batch.entries()) {
        if (index < results.length) resolve(results[index] as Result)
        else reject(new Error('a batch gave too few results'))
      }
    } catch (error) {
      if (batch.length > 1 && isOfOne(error)) for (const one of batch) await this.#answer([one])
      else for (const { reject } of batch) reject(error)
    }
  }
}

/** SQLSTATE classes of data and of constraints: the transaction is known to be undone. */
function isOfOne(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && /^2[23][0-9A-Z]{3}$/.test(error.code)
}
