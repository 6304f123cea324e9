/**
 * A process's connections to PostgreSQL, with faults in virtual time: statements and answers travel, commits are slow, fail, or lose their answer, connections
 * break, and what was sent before a break, or by a process that is dead by now, may still commit later. The statements themselves run on the real server.
 */
import { EventEmitter } from 'node:events'
import { Postgres } from '@rivulet/postgres'
import type { TestClock } from '@rivulet/time/testing'
import type { Answer, Backend, Question, RealServer } from './faults-server.ts'
import type { Chance } from './simulator-time.ts'

/** Where a process may die. Commit points are those of the database, send and answer points those of the link. */
export const crashPoints = ['before-commit', 'after-commit', 'before-send', 'after-send', 'before-answer', 'after-answer'] as const
export type CrashPoint = (typeof crashPoints)[number]

/** A process that may die: what it had under way then goes on without it, or does not. */
export interface Mortal {
  readonly name: string
  readonly dead: boolean
  /** Comes to a named point; true when it died there. */
  reach(point: CrashPoint): boolean
}

/** Chances per commit, 0 to 1. */
export interface DatabaseWeather {
  /** Takes up to 4 s, locks held. */
  readonly slow: number
  /** PostgreSQL says no: rolled back. */
  readonly fails: number
  /** The connection breaks before the statement arrives. */
  readonly questionLost: number
  /** Committed, but the connection breaks before the answer arrives, or stays silent. */
  readonly answerLost: number
  /** The connection breaks first, and the backend commits some seconds later. */
  readonly orphaned: number
}

export interface FaultyDatabaseOptions {
  readonly server: RealServer
  readonly url: string
  readonly time: TestClock
  readonly chance: Chance
  readonly process: Mortal
  readonly weather: () => DatabaseWeather
  /** Whether the process cannot reach the database now. */
  readonly away: () => boolean
  readonly happened: (what: string) => void
  /** The books may have changed. */
  readonly committed: () => void
  /** A mutant of the simulation: every lost answer is passed off as a clean failure. */
  readonly lies: boolean
}

type Fate = 'answered' | 'fails' | 'question-lost' | 'answer-lost' | 'orphaned'

/** A transaction's last message: what it writes, if anything, and its end. */
const endsWithCommit = /(?:^|;\n)commit$/

/** The client hears nothing of it. */
const silence = Symbol('silence')
const connectMaxMs = 3_000

export class FaultyDatabase {
  readonly options: FaultyDatabaseOptions
  /** For a Ledger: its pool is this one. */
  readonly postgres: Postgres
  readonly #sessions = new Set<FaultySession>()

  constructor(options: FaultyDatabaseOptions) {
    this.options = options
    this.postgres = Postgres.connect({ url: options.url, connectionsMax: 1, applicationName: 'simulator' })
    const pool = {
      connect: () => this.#connect(),
      query: async (text: string | Question, values?: unknown[]) => {
        const session = await this.#connect()
        try {
          return await session.query(text, values)
        } finally {
          session.release()
        }
      },
    }
    Object.defineProperty(this.postgres, 'pool', { value: pool })
  }

  /** The process died: what its sessions had under way is for the server to end. */
  died(): void {
    for (const session of this.#sessions) session.abandon()
  }

  async #connect(): Promise<FaultySession> {
    const { process, time, chance, away, server, happened } = this.options
    await time.sleep(1)
    if (process.dead) return forever()
    if (away()) {
      happened('connection-refused')
      await time.sleep(chance.of(`${process.name}/connect`).between(1, connectMaxMs))
      if (process.dead) return forever()
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    }
    const session = new FaultySession(this.options, await server.take(), () => this.#sessions.delete(session))
    this.#sessions.add(session)
    return session
  }
}

/** Stands for a pg.PoolClient. */
class FaultySession extends EventEmitter {
  readonly #options: FaultyDatabaseOptions
  readonly #backend: Backend
  readonly #ended: () => void
  /** The client's end: once broken it is of no use. */
  #broken = false
  /** Nobody listens any more: the server rolls back what is not committing, after a while. */
  #abandoned = false
  #inTransaction = false
  #statementTimeoutMs = 30_000
  #underWay = 0
  #returned = false

  constructor(options: FaultyDatabaseOptions, backend: Backend, ended: () => void) {
    super()
    this.#options = options
    this.#backend = backend
    this.#ended = ended
  }

  query(text: string | Question, values?: unknown[]): Promise<Answer> {
    const question: Question = typeof text === 'string' ? { text, ...(values !== undefined && { values }) } : text
    const { time, process } = this.#options
    if (process.dead) return forever()
    if (this.#broken) return Promise.reject(new Error('Client has encountered a connection error and is not queryable'))
    return new Promise((resolve, reject) => {
      const { query_timeout: patienceMs = 30_000, ...asked } = question as Question & { query_timeout?: number }
      const fail = (error: unknown): void => {
        impatience.cancel()
        if (!process.dead) reject(error instanceof Error ? error : new Error(String(error)))
      }
      const impatience = time.after(patienceMs, () => fail(new Error('Query read timeout')))
      this.#underWay += 1
      void this.#serve(asked, fail)
        .then((answer) => {
          if (answer === silence) return
          impatience.cancel()
          if (!process.dead && !this.#broken) resolve(answer)
        }, fail)
        .then(() => {
          this.#underWay -= 1
          return this.#tidy()
        })
    })
  }

  release(destroy?: boolean | Error): void {
    if (destroy === true && this.#inTransaction) return this.abandon()
    this.#abandoned = true
    void this.#tidy()
  }

  /** The client is gone without a word. */
  abandon(): void {
    this.#broken = true
    if (this.#abandoned) return
    this.#abandoned = true
    const { time, chance, process } = this.#options
    const lingerMs = this.#inTransaction ? chance.of(`${process.name}/linger`).between(0, 8_000) : 0
    void time.sleep(lingerMs).then(() => {
      this.#inTransaction = false
      return this.#tidy()
    })
  }

  /** Gives the backend back once nothing of this session needs it. */
  async #tidy(): Promise<void> {
    if (!this.#abandoned || this.#underWay > 0 || this.#returned || (this.#broken && this.#inTransaction)) return
    this.#returned = true
    this.#ended()
    await this.#options.server.giveBack(this.#backend)
  }

  #break(): Error {
    this.#broken = true
    const error = new Error('Connection terminated unexpectedly')
    if (this.listenerCount('error') > 0) this.emit('error', error)
    return error
  }

  async #serve(question: Question, fail: (error: unknown) => void): Promise<Answer | typeof silence> {
    const { process, away, happened, chance } = this.#options
    const commits = endsWithCommit.test(question.text) || /^ledger-(credit|booking)$/.test(question.name ?? '')
    await this.#travel()
    if (away()) return this.#lost()
    if (question.text.startsWith('begin')) this.#inTransaction = true
    if (commits) return this.#commit(question, fail)
    if (process.dead) return silence
    if (chance.happens(`${process.name}/breaks`, this.#options.weather().questionLost / 20)) {
      happened('connection-broken')
      this.#abandonTransaction()
      throw this.#break()
    }
    const answer = await this.#run(this.#withoutRealTimeouts(question))
    if (question.text === 'rollback') this.#inTransaction = false
    await this.#travel()
    return answer
  }

  async #lost(): Promise<typeof silence> {
    const { process, happened, chance, time } = this.#options
    happened('statement-lost')
    if (chance.happens(`${process.name}/silent`, 0.5)) return silence
    await time.sleep(chance.of(`${process.name}/reset`).between(1, connectMaxMs))
    throw this.#break()
  }

  /** Commits, or not, as chance has it. Locks are held from the statement to the end, however long that takes. */
  async #commit(question: Question, fail: (error: unknown) => void): Promise<Answer | typeof silence> {
    const { process, time, chance, happened, lies, weather, server, committed } = this.#options
    const random = chance.of(`${process.name}/commit`)
    let fate = drawn(random.next(), weather())
    const dies = process.reach('before-commit')
    if (dies) fate = random.next() < 0.5 ? 'orphaned' : 'question-lost'
    if (fate !== 'answered') happened(dies ? `${fate}-by-death` : `commit-${fate}`)
    if (fate === 'question-lost') {
      this.#abandonTransaction()
      if (process.dead) return silence
      throw this.#break()
    }
    const isFlush = !endsWithCommit.test(question.text)
    let answer: Answer | undefined
    if (isFlush) {
      this.#inTransaction = true
      await this.#run({ text: 'begin' })
      try {
        answer = await this.#run(question)
      } catch (error) {
        await this.#run({ text: 'rollback' })
        this.#inTransaction = false
        throw error
      }
    } else {
      const written = question.text.replace(endsWithCommit, '')
      // What fails here leaves the transaction for the client to roll back.
      if (written !== '') await this.#run({ text: written })
    }
    if (fate === 'orphaned') {
      if (!process.dead) fail(this.#break())
      await time.sleep(random.between(1, 7_000))
    } else if (random.next() < weather().slow) {
      happened('commit-slow')
      await time.sleep(random.between(50, 4_000))
    }
    if (fate === 'fails') {
      await this.#run({ text: 'rollback' })
      this.#inTransaction = false
      server.released()
      const error = random.pick(failures)()
      if (error.severity === 'FATAL') this.#break()
      throw error
    }
    const ended = await this.#run({ text: 'commit' })
    this.#inTransaction = false
    server.released()
    committed()
    if (process.dead) return silence
    if (process.reach('after-commit')) return silence
    if (fate === 'orphaned') return silence
    if (fate === 'answer-lost') {
      await time.sleep(1)
      if (lies) throw failure('40001', 'could not serialize access')
      if (random.next() < 0.5) return silence
      throw this.#break()
    }
    // At least a moment: the simulation looks at the books before the process hears.
    await time.sleep(1)
    await this.#travel()
    return answer ?? ended
  }

  /** The server learns late that the client is gone, and holds the locks of an open transaction until then. */
  #abandonTransaction(): void {
    if (this.#inTransaction) this.abandon()
  }

  /** With its statement timeout in virtual time: while it waits for a lock nothing else can make it slow. */
  async #run(question: Question): Promise<Answer> {
    const { server, time } = this.#options
    const timer = time.after(this.#statementTimeoutMs, () => void server.cancel(this.#backend))
    try {
      return await this.#backend.run(question)
    } finally {
      timer.cancel()
    }
  }

  #withoutRealTimeouts(question: Question): Question {
    if (!question.text.startsWith('set ')) return question
    const timeout = /set statement_timeout = (\d+)/.exec(question.text)?.[1]
    if (timeout !== undefined) this.#statementTimeoutMs = Number(timeout)
    return { ...question, text: question.text.replaceAll(/set (statement_timeout|synchronous_commit|idle_in_transaction_session_timeout) = \w+;?/g, '') }
  }

  async #travel(): Promise<void> {
    const { time, chance, process } = this.#options
    const ms = chance.of(`${process.name}/travel`).between(0, 3)
    if (ms > 0) await time.sleep(ms)
  }
}

function drawn(number: number, weather: DatabaseWeather): Fate {
  let below = 0
  for (const [fate, chance] of [['fails', weather.fails], ['question-lost', weather.questionLost], ['answer-lost', weather.answerLost], ['orphaned', weather.orphaned]] as const) {
    below += chance
    if (number < below) return fate
  }
  return 'answered'
}

function failure(code: string, message: string, severity = 'ERROR'): Error & { readonly severity: string } {
  return Object.assign(new Error(message), { code, severity })
}

/** What PostgreSQL says when a commit did not happen; of a FATAL nobody can know that. */
const failures = [
  () => failure('40001', 'could not serialize access due to concurrent update'),
  () => failure('53100', 'could not extend file: No space left on device'),
  () => failure('57014', 'canceling statement due to statement timeout'),
  () => failure('57P01', 'terminating connection due to administrator command', 'FATAL'),
]

function forever<T>(): Promise<T> {
  return new Promise(() => undefined)
}
