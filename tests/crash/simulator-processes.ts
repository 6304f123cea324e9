/** The processes of a simulation: wallets and receivers made of the real parts, which die where chance has it and are started again. */
import { createHash } from 'node:crypto'
import { newId, Seal } from '@rivulet/ids'
import { ErrorCode, type PacketHandler, reject } from '@rivulet/ilp'
import { type Account, Ledger, type ReceivingStreams, type SendingStreams } from '@rivulet/ledger'
import { type ReceiverKeys, StreamReceiver } from '@rivulet/stream-receiver'
import { StreamSender } from '@rivulet/stream-sender'
import { Lateness, PaidStream, type PaidStreamListener, settleDoubts, type StreamDesk } from '@rivulet/wallet/testing'
import { type CrashPoint, FaultyDatabase, type FaultyDatabaseOptions, type Mortal } from './faults-database.ts'
import { FaultyLink, type FaultyLinkOptions } from './faults-link.ts'
import type { Invariants } from './simulator-books.ts'
import { changed, type Mutant, mutated } from './simulator-mutants.ts'
import { ProcessClock } from './simulator-time.ts'

export const eur = { code: 'EUR', scale: 9 }
const receiverAddress = 'test.receiver'
/** Somebody else's receiver: its books cannot be asked. That they stand in the same database is for the simulation's own eyes. */
export const foreignAddress = 'test.foreign'
const walletAddress = 'test.wallet'
/** One key for all: any process opens what another has sealed. */
const sealKey = Buffer.alloc(32, 7)
const receiverKeys: ReceiverKeys = { current: 'a', all: { a: Buffer.alloc(32, 9) } }
const sweepEveryMs = 1_000
const settleEveryMs = 5_000
const bootRetryMs = 1_000

/** What every process of a simulation shares. */
export interface ProcessWorld {
  readonly database: Omit<FaultyDatabaseOptions, 'process' | 'away' | 'lies'>
  readonly link: Omit<FaultyLinkOptions, 'process' | 'clock' | 'leaves' | 'heard'>
  readonly away: (name: string) => boolean
  readonly invariants: Invariants
  readonly mutant: Mutant | undefined
  readonly leaseMs: number
  readonly accounts: { readonly walletLink: Account; readonly receiverLink: Account; readonly foreignLink: Account; readonly foreignSide: Account; readonly loss: Account }
  readonly leaves: FaultyLinkOptions['leaves']
  readonly heard: FaultyLinkOptions['heard']
  /** Chance of dying at this point, now. */
  readonly dies: (name: string, point: CrashPoint) => boolean
  readonly happened: (what: string) => void
  /** Something that no fault explains. */
  readonly failed: (error: unknown) => void
}

/** One process, from its start to its death. */
class Process implements Mortal {
  readonly name: string
  readonly clock: ProcessClock
  readonly database: FaultyDatabase
  readonly world: ProcessWorld
  dead = false
  #ledger: Ledger | undefined

  constructor(world: ProcessWorld, name: string, skewMs: number) {
    this.world = world
    this.name = name
    this.clock = new ProcessClock(world.database.time, skewMs)
    this.database = new FaultyDatabase({ ...world.database, process: this, away: () => world.away(name), lies: world.mutant === 'a lost answer is taken for a failure' })
  }

  reach(point: CrashPoint): boolean {
    if (this.dead || !this.world.dies(this.name, point)) return false
    this.world.happened(`death:${point}`)
    this.die()
    return true
  }

  die(): void {
    if (this.dead) return
    this.dead = true
    this.clock.stop()
    this.database.died()
  }

  get ready(): boolean {
    return !this.dead && this.#ledger !== undefined
  }

  /** Opens the books, as often as it takes. */
  async boot(): Promise<Ledger> {
    for (;;) {
      try {
        const ledger = await Ledger.open({
          postgres: this.database.postgres,
          // The mutant's books believe that it is a minute later than anybody's clock says.
          clock: this.world.mutant === 'a wallet takes streams over too early' ? new ProcessClock(this.world.database.time, 70_000) : this.clock,
          fatal: (error) => {
            if (this.dead) return
            this.world.failed(error)
          },
        })
        this.#ledger = ledger
        return ledger
      } catch {
        await this.clock.sleep(bootRetryMs)
      }
    }
  }
}

export class ReceiverProcess extends Process {
  readonly handle: PacketHandler
  readonly foreign: boolean
  #receiver: StreamReceiver | undefined

  constructor(world: ProcessWorld, name: string, { skewMs, foreign }: { readonly skewMs: number; readonly foreign: boolean }) {
    super(world, name, skewMs)
    this.foreign = foreign
    const debitAccountId = foreign ? world.accounts.foreignSide.id : world.accounts.receiverLink.id
    this.handle = async (prepare) => {
      const receiver = this.#receiver
      if (receiver === undefined) return reject(ErrorCode.peerUnreachable, receiverAddress, 'starting')
      try {
        return await receiver.handle(prepare, { debitAccountId, asset: eur })
      } catch (error) {
        return reject(ErrorCode.internalError, receiverAddress, error instanceof Error ? error.message : String(error))
      }
    }
  }

  async start(): Promise<void> {
    const ledger = await this.boot()
    const receiving = mutated(this.world.mutant, { receiving: ledger.receiving }).receiving
    this.#receiver = new StreamReceiver({ address: this.foreign ? foreignAddress : receiverAddress, keys: receiverKeys, clock: this.clock, receiving: this.#watched(receiving) })
  }

  issue(accountId: Account['id']): { readonly destination: string; readonly sharedSecret: Buffer } | undefined {
    return this.#receiver?.issue({ accountId, asset: eur })
  }

  /** The ledger as the receiver sees it; the simulation keeps count. */
  #watched(receiving: ReceivingStreams): Pick<ReceivingStreams, 'credit' | 'totalOf' | 'close'> {
    const { invariants, failed } = this.world
    return {
      totalOf: (connection) => receiving.totalOf(connection),
      close: (connection) => receiving.close(connection),
      credit: async (credit) => {
        const connection = credit.connection.toString('hex')
        try {
          invariants.creditAsked(connection, credit.sequence, credit.amount)
          const result = await receiving.credit(credit)
          if (!this.dead) invariants.creditAnswered(connection, credit.sequence, result.applied)
          return result
        } catch (error) {
          failed(error)
          throw error
        }
      },
    }
  }
}

export interface PayOptions {
  readonly subscriber: { readonly account: Account; readonly name: string }
  readonly publisher: string
  readonly destination: string
  readonly sharedSecret: Buffer
  readonly rate: bigint
  readonly foreign: boolean
  readonly listener: PaidStreamListener
}

export class WalletProcess extends Process {
  #desk: StreamDesk | undefined

  async start(): Promise<void> {
    const { world, clock } = this
    const ledger = await this.boot()
    const { leaves, heard, mutant, accounts, failed } = world
    const link = new FaultyLink({ ...world.link, process: this, clock, leaves, heard })
    const parts = { sending: ledger.sending, link, receiving: ledger.receiving }
    const { sending, link: wire } = { ...parts, ...mutated(mutant, parts) }
    this.#desk = {
      clock, ledger: { sending, balance: (id) => ledger.balance(id), available: (id) => ledger.available(id) },
      routing: {
        to: (destination) => Promise.resolve({ link: wire, creditAccountId: (destination.startsWith(`${foreignAddress}.`) ? accounts.foreignLink : accounts.walletLink).id }),
        rateOf: () => undefined, slippage: { numerator: 0n, denominator: 1n },
      },
      log: {
        info: () => undefined,
        warn: (details, message) => failed(new Error(`${message}: ${JSON.stringify(details)}`)),
        error: (_details, message) => world.happened(`wallet: ${message}`),
      },
      seal: new Seal(sealKey), sender: new StreamSender({ clock, random: () => 0.5 }), lossAccountId: accounts.loss.id,
      ownerId: newId('ownr', clock.nowMs()), ilpAddress: walletAddress, ownReceiverAddress: receiverAddress, leaseMs: world.leaseMs, live: new Map(),
      counters: { packets: 0, fulfilled: 0, rejectsByCode: new Map(), lateness: new Lateness() }, finished: () => undefined, givingUp: new Promise(() => undefined),
    }
    this.#every(sweepEveryMs, () => this.#sweep())
    this.#every(settleEveryMs, () => this.#settle())
    void this.#settle()
  }

  /** Undefined while it is not up. */
  pay({ subscriber, publisher, destination, sharedSecret, rate, foreign, listener }: PayOptions): PaidStream | undefined {
    if (this.#desk === undefined || this.dead) return undefined
    const { account, name } = subscriber
    const stream = new PaidStream(this.#desk, {
      subscriber: { personId: newId('pers', this.clock.nowMs()), name, email: `${name}@example.org`, walletAddress: `http://localhost:4000/${name}`, accountId: account.id, asset: eur },
      receiver: { paymentPointer: `http://localhost:4001/${publisher}`, destination, sharedSecret, asset: eur, receiptsEnabled: false, incomingPayment: undefined },
      site: undefined, rate, listener,
    })
    this.world.invariants.opened(connectionOf(destination), { startedMs: this.clock.monotonicMs(), rate, streamId: stream.id, foreign })
    return stream
  }

  #every(everyMs: number, task: () => unknown): void {
    this.clock.after(everyMs, () => {
      this.#every(everyMs, task)
      task()
    })
  }

  #sweep(): void {
    for (const stream of this.#desk?.live.values() ?? []) stream.sweep()
  }

  #settling = false

  async #settle(): Promise<void> {
    if (this.#settling || this.#desk === undefined) return
    this.#settling = true
    const { ledger, live } = this.#desk
    const takeOver: SendingStreams['takeOver'] = async (...given) => {
      const rows = await ledger.sending.takeOver(...given)
      // The database was away for longer than the lease: the wallet takes over from itself.
      for (const { id } of rows) if (live.values().some((stream) => stream.id === id)) this.world.happened('adopted')
      return rows
    }
    try {
      const settled = await settleDoubts({ ...this.#desk, ledger: { ...ledger, sending: changed(ledger.sending, { takeOver }) } })
      if (settled > 0) this.world.happened('settled')
    } catch {
      this.world.happened('settling-failed')
    } finally {
      this.#settling = false
    }
  }
}

export function connectionOf(destination: string): string {
  return createHash('sha256').update(destination).digest('hex')
}
