import { createHash } from 'node:crypto'
import pg from 'pg'

type Answer = (error: Error | null, result: pg.QueryResult) => void

interface Asked extends pg.QueryConfig<unknown[]> {
  readonly text: string
  readonly values: unknown[]
}

/** A text that was asked so often is asked again. */
const usesUnnamedMax = 4
const namesMax = 200
const textsCountedMax = 2_000
const usesPerPlanMin = 16
const usesPerPlanMax = 512

/** How often a connection was asked what, and what has got a name: the digest of its text, so that nobody behind the same pooler means another statement by it. */
class Names {
  readonly #uses = new Map<string, number>()
  readonly #names = new Map<string, string>()
  /** What has other columns than when it was parsed. */
  readonly #never = new Set<string>()

  of(text: string): string | undefined {
    const name = this.#names.get(text)
    if (name !== undefined || this.#names.size >= namesMax) return name
    const uses = (this.#uses.get(text) ?? 0) + 1
    if (uses <= usesUnnamedMax || this.#never.has(text)) {
      if (this.#uses.size >= textsCountedMax) this.#uses.clear()
      this.#uses.set(text, uses)
      return undefined
    }
    this.#uses.delete(text)
    const given = `rivulet-${createHash('sha256').update(text).digest('base64url').slice(0, 22)}`
    this.#names.set(text, given)
    return given
  }

  forget(text: string): void {
    if (this.#names.delete(text)) this.#never.add(text)
  }
}

/**
 * A connection on which statements with values that are asked again and again are parsed once, and planned once for a while where PostgreSQL finds that a plan for all values is as good as one for each. Plans are
 * made anew after 16 uses, then after twice as many each time up to 512: one from when a table was all but empty would look through all of it.
 */
export class NamingClient extends pg.Client {
  readonly #names = new Names()
  #uses = 0
  #usesMax = usesPerPlanMin

  override query: pg.Client['query'] = (config: unknown, values?: unknown, callback?: unknown): never => this.#query(config, values, callback) as never

  #query(config: unknown, values: unknown, callback: unknown): unknown {
    const asked = askedOf(config, values)
    const name = asked && this.#names.of(asked.text)
    if (asked === undefined || name === undefined) return this.#pass(config, values, callback)
    const ask = (answer: Answer): void => {
      // Both leave in order: whatever is asked next comes after them. Where discarding fails, what follows says why.
      if (this.#plansAreOld()) this.#pass('discard plans', undefined, () => undefined)
      this.#ask(asked, name, answer)
    }
    const answer = typeof callback === 'function' ? callback : values
    if (typeof answer === 'function') return ask(answer as Answer)
    return new Promise<pg.QueryResult>((resolve, reject) => ask((error, result) => (error === null ? resolve(result) : reject(error)))).catch((error: unknown) => {
      // Of the answer to a socket's event nobody would learn who asked.
      if (error instanceof Error) Error.captureStackTrace(error)
      throw error
    })
  }

  #ask(asked: Asked, name: string, answer: Answer): void {
    this.#pass({ ...asked, name }, undefined, (error: (Error & { readonly code?: string; readonly routine?: string }) | undefined, result: pg.QueryResult) => {
      if (!error) return answer(null, result)
      // A newer version has changed a table while this one runs: what was parsed before has other columns now. Parsed anew it has them; within a transaction it is too late for that.
      if (error.code !== '0A000' || error.routine !== 'RevalidateCachedQuery') return answer(error, result)
      this.#names.forget(asked.text)
      if (this.getTransactionStatus() === 'I') this.#pass(asked, undefined, answer)
      else answer(error, result)
    })
  }

  #plansAreOld(): boolean {
    this.#uses += 1
    if (this.#uses <= this.#usesMax) return false
    this.#uses = 0
    this.#usesMax = Math.min(this.#usesMax * 2, usesPerPlanMax)
    return true
  }

  #pass(config: unknown, values: unknown, callback: unknown): unknown {
    return (super.query as (...given: readonly unknown[]) => unknown)(config, values, callback)
  }
}

/** A statement with values and without a name of its own. */
function askedOf(config: unknown, values: unknown): Asked | undefined {
  if (typeof config === 'string') return Array.isArray(values) && values.length > 0 ? { text: config, values } : undefined
  if (typeof config !== 'object' || config === null || 'submit' in config) return undefined
  const { text, name, values: own } = config as { readonly text?: unknown; readonly name?: unknown; readonly values?: unknown }
  const given = Array.isArray(values) ? values : own
  return typeof text === 'string' && name === undefined && Array.isArray(given) && given.length > 0 ? { ...config, text, values: given } : undefined
}
