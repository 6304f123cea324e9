/**
 * One seeded run: readers stream from wallets to receivers in virtual time, on the real ledger on real PostgreSQL, while links, commits and processes fail. Then
 * calm returns, every stream must be settled in time, and the books must be right to the unit.
 */
import { ErrorCode, isFulfill, type Prepare, type Reply } from '@rivulet/ilp'
import { type Account, Ledger } from '@rivulet/ledger'
import { Postgres } from '@rivulet/postgres'
import { StreamKeys } from '@rivulet/stream'
import { systemClock } from '@rivulet/time'
import type { TestClock } from '@rivulet/time/testing'
import type { PaidStream } from '@rivulet/wallet/testing'
import type { CrashPoint, DatabaseWeather } from './faults-database.ts'
import type { LinkWeather } from './faults-link.ts'
import { RealServer } from './faults-server.ts'
import { Invariants, lookAtBooks, must, Violation } from './simulator-books.ts'
import type { Mutant } from './simulator-mutants.ts'
import { connectionOf, eur, foreignAddress, type ProcessWorld, ReceiverProcess, WalletProcess } from './simulator-processes.ts'
import { Chance, virtualTime } from './simulator-time.ts'

export interface SimulationOptions {
  readonly url: string
  readonly seed: number
  /** Runs with a wrong part, in weather that brings it out. */
  readonly mutant?: Mutant
}

/** What a run saw: a simulation in which nothing happens proves nothing. */
export interface Report {
  readonly happened: ReadonlyMap<string, number>
  readonly streams: number
  readonly unitsPaid: bigint
}

/** All faults of one seed; each is absent from some seeds. */
interface Weather {
  readonly link: LinkWeather
  readonly database: DatabaseWeather
  readonly deathsPerPoint: number
  readonly partitionsPerMinute: number
}

const clear: Weather = {
  link: { packetLost: 0, answerLost: 0, late: 0, reordered: 0, doubled: 0, replayed: 0 },
  database: { slow: 0, fails: 0, questionLost: 0, answerLost: 0, orphaned: 0 },
  deathsPerPoint: 0,
  partitionsPerMinute: 0,
}
const skewMaxMs = 5_000
const stormMsMin = 6_000
const stormMsMax = 18_000
/** Some storms outlast the packets that got no answer. */
const longStormMs = 40_000
const longStorms = 0.15
const settleAfterMs = 5_000
/** A wallet looks for streams in doubt every 5 s, and one pass may meet a slow moment. */
const settleSlackMs = 12_000
const calmStepMs = 5_000
const calmMsMax = 300_000
const eventsKept = 120
/** In so many seeds the database is away from all wallets, or from one, for longer than their leases: they take streams over from each other, and from themselves. */
const outages = 0.1
const outage = { leaseMs: 30_000, fromMs: 3_000, lastsMs: 50_000, stormMs: 65_000 } as const
const leaseMs = 60_000
/** In so many seeds somebody else's receiver takes part, and so many of their readers pay it. */
const foreignSeeds = 0.4
const foreignReaders = 0.5
/** Of payments to receivers of ours pages hear by what was credited. */
const bookedAbroad: Mutant = 'a wallet tells of payments before they are booked'

export async function simulate(options: SimulationOptions): Promise<Report> {
  await using server = await RealServer.connect(options.url)
  const simulation = new Simulation(options, server)
  try {
    return await simulation.run()
  } catch (error) {
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new Violation(`seed ${options.seed}: ${reason}\nRun it again: RIVULET_SEED=${options.seed} pnpm vitest run --project simulation tests/crash/simulator.test.ts\n${simulation.story()}`)
  }
}

interface Connection {
  readonly keys: StreamKeys
  readonly connection: string
  readonly index: number
  stream: PaidStream | undefined
}

interface Reader {
  readonly name: string
  readonly subscriber: { readonly account: Account; readonly name: string }
  readonly publisher: Account
  readonly foreign: boolean
  readonly rate: bigint
  stream: PaidStream | undefined
}

class Simulation {
  readonly #options: SimulationOptions
  readonly #server: RealServer
  readonly #time: TestClock
  readonly #chance: Chance
  readonly #invariants = new Invariants(skewMaxMs)
  readonly #happened = new Map<string, number>()
  readonly #story: string[] = []
  readonly #connections = new Map<string, Connection>()
  readonly #partitioned = new Map<string, number>()
  readonly #wallets: WalletProcess[] = []
  readonly #receivers: ReceiverProcess[] = []
  readonly #abroad: boolean
  readonly #outage: boolean
  readonly #startedMs: number
  #weather: Weather
  #world: ProcessWorld | undefined
  #readers: readonly Reader[] = []
  #calm = false
  #failure: Error | undefined
  #booksTouched = false
  #births = 0

  constructor(options: SimulationOptions, server: RealServer) {
    this.#options = options
    this.#server = server
    this.#time = virtualTime(server)
    this.#startedMs = this.#time.nowMs()
    this.#chance = new Chance(options.seed)
    this.#weather = this.#stormy()
    this.#abroad = options.mutant === undefined ? this.#chance.happens('abroad', foreignSeeds) : options.mutant === bookedAbroad
    this.#outage = options.mutant === undefined && this.#chance.happens('outage', outages)
    server.whenIdle = () => this.#look()
  }

  async run(): Promise<Report> {
    await this.#foundBooks()
    const storm = this.#chance.of('storm')
    const isLong = storm.next() < longStorms || this.#options.mutant !== undefined
    const stormMs = this.#outage ? outage.stormMs : isLong ? longStormMs : storm.between(stormMsMin, stormMsMax)
    for (const role of ['wallet', 'wallet', 'receiver', 'receiver'] as const) this.#start(role)
    if (this.#abroad) this.#start('foreign')
    await this.#advance(200)
    for (const reader of this.#readers) this.#read(reader)
    this.#schedulePartitions(stormMs)
    if (this.#outage) this.#time.after(outage.fromMs, () => this.#cutOff())
    await this.#advance(stormMs)
    await this.#calmDown()
    await this.#audit()
    return { happened: this.#happened, streams: this.#connections.size, unitsPaid: this.#invariants.unitsSent }
  }

  /** The last events, for whoever must understand a failure. */
  story(): string {
    return this.#story.join('\n')
  }

  #note(what: string): void {
    this.#happened.set(what, (this.#happened.get(what) ?? 0) + 1)
    this.#story.push(`${(this.#time.nowMs() - this.#startedMs).toString().padStart(7)} ms  ${what}`)
    if (this.#story.length > eventsKept) this.#story.shift()
  }

  readonly #fail = (error: unknown): void => {
    this.#failure ??= error instanceof Error ? error : new Error(String(error))
  }

  /** Before time goes on: the books are looked at when a commit may have changed them. */
  async #look(): Promise<void> {
    if (!this.#booksTouched) return
    this.#booksTouched = false
    const books = await lookAtBooks(this.#server)
    this.#guarded(() => this.#invariants.check(books, this.#time.nowMs()))
  }

  /** Notes what is broken, wherever it is seen: the run stops at the next step. */
  #guarded(check: () => void): void {
    try {
      check()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.#time.advance(Math.min(500, ms - passed))
      if (this.#failure !== undefined) throw this.#failure
    }
  }

  #stormy(): Weather {
    const random = this.#chance.of('weather')
    const some = (most: number): number => (random.next() < 0.4 ? 0 : random.next() * most)
    const fair: Weather = {
      link: { packetLost: some(0.1), answerLost: some(0.15), late: some(0.05), reordered: some(0.3), doubled: some(0.2), replayed: some(0.2) },
      database: { slow: some(0.05), fails: some(0.05), questionLost: some(0.03), answerLost: some(0.05), orphaned: some(0.03) },
      deathsPerPoint: some(0.01),
      partitionsPerMinute: some(4),
    }
    if (this.#options.mutant === undefined) return fair
    return { ...fair, link: { ...fair.link, answerLost: 0.3, doubled: 0.2, replayed: 0.2 }, database: { ...fair.database, answerLost: 0.15 }, deathsPerPoint: 0.005 }
  }

  async #foundBooks(): Promise<void> {
    await this.#server.execute(`set session_replication_role = replica; ${tables.map((table) => `delete from ledger.${table}`).join('; ')}; set session_replication_role = default`)
    await using postgres = Postgres.connect({ url: this.#options.url, connectionsMax: 4, applicationName: 'founder' })
    await using ledger = await Ledger.open({ postgres, clock: { ...systemClock, nowMs: () => this.#startedMs } })
    const account = (name: string, kind: Account['kind'], debitsMayExceedCredits: boolean): Promise<Account> => ledger.openAccount({ name, kind, asset: eur, debitsMayExceedCredits })
    const psp = await account('psp[sandbox]', 'psp', true)
    const accounts = {
      walletLink: await account('link[receiver]@wallet', 'link', true), receiverLink: await account('link[wallet]@receiver', 'link', true), loss: await account('loss@wallet', 'loss', true),
      foreignLink: await account('link[carol]@wallet', 'link', true), foreignSide: await account('link[rivulet]@carol', 'link', true),
    }
    const random = this.#chance.of('readers')
    const publishers = [await account('publisher[bob]', 'publisher', false), await account('publisher[eve]', 'publisher', false)]
    const readers: Reader[] = []
    for (let index = 0; index < random.between(3, 7); index += 1) {
      const name = `reader${index}`
      const subscriber = await account(`subscriber[${name}]`, 'subscriber', false)
      const rate = BigInt(random.pick([1_000, 10_000, 100_000]) + random.between(0, 1_000))
      // Some budgets end in the middle of the run, in the middle of a second.
      const budget = random.next() < 0.3 ? (rate * BigInt(random.between(5_000, 40_000))) / 1_000n : rate * 10_000n
      await ledger.transfer({ key: `deposit-${name}`, debitAccountId: psp.id, creditAccountId: subscriber.id, amount: budget, reason: 'deposit' })
      readers.push({ name, subscriber: { account: subscriber, name }, publisher: random.pick(publishers), foreign: this.#abroad && this.#chance.happens('foreign', foreignReaders), rate, stream: undefined })
    }
    this.#readers = readers
    this.#booksTouched = true
    this.#world = this.#worldOf(accounts)
  }

  #worldOf(accounts: ProcessWorld['accounts']): ProcessWorld {
    const [time, chance, server] = [this.#time, this.#chance, this.#server]
    const happened = (what: string): void => this.#note(what)
    return {
      accounts, happened, invariants: this.#guardedInvariants(), mutant: this.#options.mutant, failed: this.#fail, leaseMs: this.#outage ? outage.leaseMs : leaseMs,
      database: { server, url: this.#options.url, time, chance, weather: () => this.#weather.database, happened, committed: () => { this.#booksTouched = true } },
      link: {
        time, chance, happened, weather: () => this.#weather.link, partitioned: () => this.#isPartitioned('link'),
        receiver: (name, destination) => {
          const up = this.#receiversUp(destination.startsWith(`${foreignAddress}.`))
          const process = up.length === 0 ? undefined : chance.of(name).pick(up)
          return process && { process, handle: process.handle }
        },
      },
      away: (name) => this.#isPartitioned(name),
      dies: (name, point) => this.#dies(name, point),
      leaves: (prepare) => this.#leaves(prepare),
      heard: (prepare, reply) => this.#heard(prepare, reply),
    }
  }

  /** Everything that processes report: a broken invariant is noted, and the process goes on as if nothing were wrong. */
  #guardedInvariants(): Invariants {
    return new Proxy(this.#invariants, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]): void => this.#guarded(() => void Reflect.apply(value, target, given))
      },
    })
  }

  #leaves(prepare: Prepare): string {
    const known = this.#connections.get(prepare.destination)
    if (known === undefined) {
      this.#fail(new Violation(`a packet goes to ${prepare.destination}, which nobody issued`))
      return 'unknown'
    }
    const { sequence } = known.keys.open(prepare.data)
    const { paid, inFlight, inDoubt } = known.stream?.counters ?? { paid: 0n, inFlight: 0n, inDoubt: 0n }
    const packet = { sequence, amount: prepare.amount, expiresAtMs: prepare.expiresAtMs, counted: paid + inFlight + inDoubt }
    this.#guarded(() => this.#invariants.leaves(known.connection, packet, this.#time.monotonicMs()))
    return `${known.index}/${sequence}`
  }

  #heard(prepare: Prepare, reply: Reply): void {
    const known = this.#connections.get(prepare.destination)
    if (known === undefined || isFulfill(reply)) return
    this.#guarded(() => this.#invariants.rejected(known.connection, known.keys.open(prepare.data).sequence, reply.code === ErrorCode.applicationError))
  }

  #isPartitioned(name: string): boolean {
    return (this.#partitioned.get(name) ?? 0) > this.#time.nowMs()
  }

  #dies(name: string, point: CrashPoint): boolean {
    return !this.#calm && this.#chance.happens(`${name}/dies/${point}`, this.#weather.deathsPerPoint)
  }

  #schedulePartitions(stormMs: number): void {
    const random = this.#chance.of('partitions')
    const count = Math.round((this.#weather.partitionsPerMinute * stormMs) / 60_000)
    for (let index = 0; index < count; index += 1) {
      const lastsMs = random.next() < 0.2 ? random.between(20_000, 90_000) : random.between(500, 10_000)
      const where = random.next() < 0.5 ? 'link' : 'database'
      this.#time.after(random.between(0, stormMs), () => {
        const name = where === 'link' ? where : random.pick([...this.#wallets, ...this.#receivers]).name
        this.#note(`partition of ${where} for ${lastsMs} ms`)
        this.#partitioned.set(name, this.#time.nowMs() + lastsMs)
      })
    }
  }

  /** Processes that start meanwhile are not cut off. */
  #cutOff(): void {
    const wallets = this.#chance.happens('cut-off/all', 0.7) ? this.#wallets : this.#wallets.slice(0, 1)
    for (const { name } of wallets) this.#partitioned.set(name, this.#time.nowMs() + outage.lastsMs)
    this.#note(`outage of ${wallets.length} wallets`)
  }

  /** Starts a process, and another whenever it has died. */
  #start(role: 'wallet' | 'receiver' | 'foreign'): void {
    const world = this.#world
    if (world === undefined) return
    const name = `${role}-${(this.#births += 1)}`
    const skewMs = this.#chance.of('skew').between(0, skewMaxMs + 1)
    let process: WalletProcess | ReceiverProcess
    if (role === 'wallet') this.#wallets.push((process = new WalletProcess(world, name, skewMs)))
    else this.#receivers.push((process = new ReceiverProcess(world, name, { skewMs, foreign: role === 'foreign' })))
    void process.start().catch(this.#fail)
    const watch = (): void => {
      if (!process.dead) {
        this.#time.after(100, watch)
        return
      }
      const [wallets, receivers] = [this.#wallets.filter((one) => one !== process), this.#receivers.filter((one) => one !== process)]
      this.#wallets.splice(0, this.#wallets.length, ...wallets)
      this.#receivers.splice(0, this.#receivers.length, ...receivers)
      this.#time.after(this.#chance.of('restart').between(10, 5_000), () => this.#start(role))
    }
    watch()
  }

  #receiversUp(foreign: boolean): ReceiverProcess[] {
    return this.#receivers.filter((receiver) => receiver.ready && receiver.foreign === foreign)
  }

  /** A reader pays, pauses and comes back, through any wallet that is up. */
  #read(reader: Reader): void {
    if (this.#calm) return
    const random = this.#chance.of(reader.name)
    const wallets = this.#wallets.filter(({ ready }) => ready)
    const receivers = this.#receiversUp(reader.foreign)
    const again = (): void => void this.#time.after(random.between(500, 4_000), () => this.#read(reader))
    if (wallets.length === 0 || receivers.length === 0) return again()
    const wallet = random.pick(wallets)
    const credentials = random.pick(receivers).issue(reader.publisher.id)
    if (credentials === undefined) return again()
    const connection = connectionOf(credentials.destination)
    let over = false
    const leave = (): void => {
      if (over) return
      over = true
      reader.stream = undefined
      again()
    }
    const known: Connection = { keys: new StreamKeys(credentials.sharedSecret), connection, index: this.#connections.size, stream: undefined }
    this.#connections.set(credentials.destination, known)
    const stream = wallet.pay({
      ...credentials, subscriber: reader.subscriber, publisher: reader.publisher.name, rate: reader.rate, foreign: reader.foreign,
      listener: {
        opened: () => undefined,
        paid: ({ amount }) => {
          if (!wallet.dead) this.#guarded(() => this.#invariants.told(connection, amount))
        },
        broken: (why) => {
          this.#note(`broken: ${'lasting' in why ? why.lasting : why.passing}`)
          leave()
        },
        stalled: (stalled) => {
          if (!stalled) stream?.resume()
        },
      },
    })
    if (stream === undefined) return leave()
    known.stream = stream
    reader.stream = stream
    const attention = (): void => {
      if (over || this.#calm) return
      if (wallet.dead) return leave()
      const draw = random.next()
      if (draw < 0.2) {
        void stream.close('hidden')
        return leave()
      }
      if (draw < 0.35) stream.pause()
      else stream.resume()
      this.#time.after(random.between(1_000, 8_000), attention)
    }
    this.#time.after(random.between(2_000, 15_000), attention)
  }

  /** No more faults; readers leave; then every stream is settled within its time. */
  async #calmDown(): Promise<void> {
    this.#note('calm')
    this.#calm = true
    this.#weather = clear
    this.#partitioned.clear()
    for (const { stream } of this.#readers) void stream?.close('hidden')
    const calmMs = this.#time.nowMs()
    for (let passed = 0; passed < calmMsMax; passed += calmStepMs) {
      await this.#advance(calmStepMs)
      const live = [...this.#invariants.books.sending.values()].filter(({ state }) => state !== 'closed')
      if (live.length === 0) return
      for (const { id, state, sendUntilMs, claimedUntilMs } of live) {
        const dueMs = Math.max(sendUntilMs + settleAfterMs, claimedUntilMs, calmMs + 20_000) + skewMaxMs + settleSlackMs
        must(this.#time.nowMs() <= dueMs, () => `stream ${id} is still ${state} ${this.#time.nowMs() - sendUntilMs} ms after its sendUntil`)
      }
    }
    must(false, () => 'streams are left in doubt')
  }

  /** The last word: everything posted, both sides equal to the unit, and the books prove themselves. */
  async #audit(): Promise<void> {
    // What still travels, or waits for a lock, ends.
    await this.#advance(70_000)
    for (const process of [...this.#wallets, ...this.#receivers]) process.die()
    await this.#advance(10_000)
    await using postgres = Postgres.connect({ url: this.#options.url, connectionsMax: 4, applicationName: 'auditor' })
    // Ten minutes later everything is due. Nobody else moves this clock.
    const laterMs = this.#time.nowMs() + 600_000
    await using ledger = await Ledger.open({ postgres, clock: { ...systemClock, nowMs: () => laterMs } })
    await ledger.postDue()
    await ledger.postDue()
    const paid = await this.#moved(ledger, 'subscriber')
    const got = await this.#moved(ledger, 'publisher')
    const passed = async (name: string): Promise<Account> => {
      const account = await ledger.accountByName(name)
      must(account !== undefined, () => `there is no ${name}`)
      return account
    }
    const [ours, abroad] = [await passed('link[wallet]@receiver'), await passed('link[rivulet]@carol')]
    const paidAbroad = (await passed('link[carol]@wallet')).creditsPosted
    must(paid - paidAbroad === ours.debitsPosted, () => `subscribers have paid ${paid - paidAbroad} to us, our publishers have got ${ours.debitsPosted}`)
    // What a foreign receiver does not answer for is released to the subscriber: it may have got more, and never less.
    must(paidAbroad <= abroad.debitsPosted, () => `subscribers have paid ${paidAbroad} abroad, where only ${abroad.debitsPosted} arrived`)
    must(got === ours.debitsPosted + abroad.debitsPosted, () => `publishers have got ${got}`)
    if (paidAbroad > 0n) this.#note(paidAbroad < abroad.debitsPosted ? 'foreign-released' : 'foreign-exact')
    const report = await ledger.verify()
    must(report.ok && report.streamsInDoubt === 0 && report.streamsOpen === 0, () => `verify: ${JSON.stringify(report)}`)
  }

  async #moved(ledger: Ledger, kind: 'subscriber' | 'publisher'): Promise<bigint> {
    let sum = 0n
    const accounts = kind === 'subscriber' ? this.#readers.map(({ subscriber }) => subscriber.account) : [...new Set(this.#readers.map(({ publisher }) => publisher))]
    for (const { id } of accounts) {
      const account = await ledger.account(id)
      must(account !== undefined && account.debitsPending === 0n && account.creditsPending === 0n, () => `account ${id} still holds something`)
      sum += kind === 'subscriber' ? account.debitsPosted : account.creditsPosted
    }
    return sum
  }
}

const tables = ['transfers', 'sending_details', 'sending_streams', 'receiving_streams', 'receiving_ended', 'flushes', 'chain_starts', 'chains', 'accounts']
