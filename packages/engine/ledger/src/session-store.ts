import { type Postgres, script, type SqlValue, statement } from '@rivulet/postgres'
import type { PoolClient, QueryConfig, QueryResultRow } from 'pg'

/** A statement of a script, and its values. */
export interface Bound {
  readonly text: string
  readonly values: readonly SqlValue[]
}

export function bound(text: string, values: readonly SqlValue[]): Bound {
  return { text, values }
}

/** A statement as the session knows it: by its name, with those of its values that it uses. */
interface Prepared {
  readonly name: string
  readonly used: readonly number[]
  /** What prepares it. */
  readonly text: string
}

/** Forms of statements that one session keeps. */
const preparedMax = 200
const scriptsPerPlanMax = 512

/** A connection that one writer keeps for itself. Once it has failed in any way that leaves a doubt it is destroyed, never reused. */
export class Session {
  /** Names of statements are of one session, also where a pooler gives its connection to the next. */
  static #opened = 0
  readonly #number = (Session.#opened += 1)
  readonly #client: PoolClient
  readonly #answerTimeoutMs: number
  readonly #prepared = new Map<string, Prepared>()
  #named = 0
  #scripts = 0
  #scriptsMax = 4
  #lost = false

  private constructor(client: PoolClient, answerTimeoutMs: number) {
    this.#client = client
    this.#answerTimeoutMs = answerTimeoutMs
    client.on('error', () => this.destroy())
  }

  /** @param settings run once, for instance `set statement_timeout = 2000` */
  static async open(postgres: Postgres, settings: string, answerTimeoutMs: number): Promise<Session> {
    const session = new Session(await postgres.pool.connect(), answerTimeoutMs)
    try {
      await session.query(settings)
      return session
    } catch (error) {
      session.destroy()
      throw error
    }
  }

  get lost(): boolean {
    return this.#lost
  }

  /** A statement without an answer within the time fails here; what it does at the server is then unknown, and the caller destroys the session. */
  query<Row extends QueryResultRow>(query: string | QueryConfig, values?: unknown[]): Promise<{ rows: Row[] }> {
    const config = typeof query === 'string' ? { text: query, ...(values === undefined ? {} : { values }) } : query
    return this.#client.query<Row>({ ...config, query_timeout: this.#answerTimeoutMs } as QueryConfig)
  }

  /**
   * Several statements as one message, as `script` of the same name: to plan one costs more than to carry it out, so each form is planned once for a while. What is prepared is kept once its script has succeeded; a
   * name is never used again.
   */
  async script(statements: readonly (string | Bound)[]): Promise<unknown[][]> {
    const fresh = new Map<string, Prepared>()
    const texts = this.#plansAreStale() ? ['discard plans'] : []
    const answers: number[] = []
    for (const one of statements) {
      if (typeof one !== 'string') {
        const known = this.#prepared.get(one.text) ?? fresh.get(one.text)
        if (known === undefined && this.#prepared.size + fresh.size >= preparedMax) {
          answers.push(texts.length)
          texts.push(statement(one.text, one.values))
          continue
        }
        const prepared = known ?? this.#form(one.text)
        if (known === undefined) {
          fresh.set(one.text, prepared)
          texts.push(prepared.text)
        }
        const { name, used } = prepared
        answers.push(texts.length)
        texts.push(statement(`execute ${name}${used.length === 0 ? '' : `(${used.map((_, index) => `$${index + 1}`).join()})`}`, used.map((number) => one.values[number - 1] ?? null)))
      } else {
        answers.push(texts.length)
        texts.push(one)
      }
    }
    const rows = await script(this, texts)
    for (const [text, prepared] of fresh) this.#prepared.set(text, prepared)
    return answers.map((index) => rows[index] ?? [])
  }

  #form(text: string): Prepared {
    const used = [...new Set(Array.from(text.matchAll(/\$(\d+)/g), ([, number]) => Number(number)))]
    this.#named += 1
    const name = `rivulet_${this.#number}_${this.#named}`
    return { name, used, text: `prepare ${name} as ${text.replaceAll(/\$(\d+)/g, (_, number: string) => `$${used.indexOf(Number(number)) + 1}`)}` }
  }

  /** Tables grow: a plan from when they were all but empty might look through all rows. The first plans serve few scripts, later ones more. */
  #plansAreStale(): boolean {
    this.#scripts += 1
    if (this.#scripts <= this.#scriptsMax) return false
    this.#scripts = 1
    this.#scriptsMax = Math.min(this.#scriptsMax * 2, scriptsPerPlanMax)
    return true
  }

  destroy(): void {
    if (this.#lost) return
    this.#lost = true
    this.#client.release(true)
  }
}
