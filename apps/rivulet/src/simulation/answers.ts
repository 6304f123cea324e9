/** How a simulation hears its database: what happens in which order must not depend on how fast that answers. */
import type { Postgres } from '@rivulet/postgres'

type Answer = (error: Error | null, result: unknown) => void

interface Asked {
  /** Its connection holds locks, or is about to. */
  readonly inTransaction: boolean
  /** It writes rows that a transaction may have locked. */
  readonly isFlush: boolean
  readonly answered: Promise<void>
  handOn(): void
}

/** What an answer sets in motion has come to its end, or to its own questions, after so many turns of the event loop. */
const stillTurns = 3

/**
 * Hands the answers of this pool on in the order of the questions, each only once all that the one before has set in motion is still. So the same seed asks the same questions again, while the database works on all of
 * them at once. Opens all connections of the pool, and keeps them: how long it takes to open one must not decide either.
 * @returns resolves when nothing is asked any more, nor about to be
 */
export async function answersInOrder({ pool }: Postgres): Promise<() => Promise<void>> {
  const asked = new Set<Asked>()
  let handing: Promise<void> | undefined
  const handOn = async (): Promise<void> => {
    for (await stillness(); asked.size > 0; await stillness()) {
      const next = first(asked)
      await next.answered
      asked.delete(next)
      next.handOn()
    }
    handing = undefined
  }
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...given: readonly unknown[]) => unknown
    const ask = (words: readonly unknown[], answer: Answer): void => {
      const { promise: answered, resolve } = Promise.withResolvers<void>()
      let [error, result]: [Error | null, unknown] = [null, undefined]
      const text = textOf(words[0])
      asked.add({ inTransaction: client.getTransactionStatus() === 'T' || text.startsWith('begin'), isFlush: text.startsWith('with flush as'), answered, handOn: () => answer(error, result) })
      handing ??= handOn()
      query(...words, (...told: [Error | null, unknown]) => {
        ;[error, result] = told
        resolve()
      })
    }
    Object.assign(client, {
      query: (...given: readonly unknown[]): unknown => {
        const answer = given.at(-1)
        if (typeof answer === 'function') return ask(given.slice(0, -1), answer as Answer)
        return new Promise((resolve, reject) => ask(given, (error, result) => (error ? reject(error) : resolve(result))))
      },
    })
  })
  pool.options.idleTimeoutMillis = 0
  const clients = await Promise.all(Array.from({ length: pool.options.max }, () => pool.connect()))
  for (const client of clients) client.release()
  return async () => {
    for (await stillness(); handing !== undefined || pool.waitingCount > 0; await stillness()) await handing
  }
}

/** The oldest question; where that is a flush, who holds locks is heard first: it may be waiting for them. */
function first(asked: ReadonlySet<Asked>): Asked {
  const [oldest] = asked as ReadonlySet<Asked> & readonly [Asked]
  return (oldest.isFlush ? asked.values().find(({ inTransaction }) => inTransaction) : undefined) ?? oldest
}

function textOf(words: unknown): string {
  return typeof words === 'string' ? words : ((words as { readonly text?: string }).text ?? '')
}

async function stillness(): Promise<void> {
  for (let turn = 0; turn < stillTurns; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
