/** What must be true of the books and of the wire, looked at after every commit and at every packet. Everything here is the simulation's own bookkeeping. */
import type { RealServer } from './faults-server.ts'

/** A broken invariant: what the simulation is there to find. */
export class Violation extends Error {}

export function must(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new Violation(message())
}

export interface SendingRow {
  readonly id: string
  readonly connection: string
  readonly state: string
  readonly total: bigint
  readonly posted: bigint
  readonly excess: bigint
  readonly held: bigint
  readonly epoch: number
  readonly sendUntilMs: number
  readonly claimedUntilMs: number
  readonly ceiling: number
}

export interface ReceivingRow {
  readonly total: bigint
  readonly closed: boolean
}

export interface Books {
  readonly sums: { readonly debitsPosted: bigint; readonly creditsPosted: bigint; readonly debitsPending: bigint; readonly creditsPending: bigint; readonly lossPosted: bigint }
  readonly sending: ReadonlyMap<string, SendingRow>
  /** By connection in hex. */
  readonly receiving: ReadonlyMap<string, ReceivingRow>
}

const look = `select 'a', sum(debits_posted)::text, sum(credits_posted)::text, sum(debits_pending)::text, sum(credits_pending)::text,
    coalesce(sum(debits_posted) filter (where kind = 'loss'), 0)::text, '', '', '', '', '' from ledger.accounts
  union all select 's', s.id, encode(d.connection, 'hex'), s.state, s.total::text, s.posted::text, s.excess::text, s.held::text, s.owner_epoch::text, s.send_until_ms::text, d.sequence_ceiling::text || ' ' || s.claimed_until_ms::text
    from ledger.sending_streams s join ledger.sending_details d using (id)
  union all select 'r', encode(connection, 'hex'), total::text, closed::text, '', '', '', '', '', '', '' from ledger.receiving_streams
  union all select 'r', encode(connection, 'hex'), total::text, 'true', '', '', '', '', '', '', '' from ledger.receiving_ended`

export async function lookAtBooks(server: RealServer): Promise<Books> {
  const sending = new Map<string, SendingRow>()
  const receiving = new Map<string, ReceivingRow>()
  let sums: Books['sums'] = { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n, lossPosted: 0n }
  for (const row of (await server.look(look)) as string[][]) {
    const [kind, ...fields] = row
    const field = (index: number): string => fields[index] ?? ''
    if (kind === 'a') {
      sums = { debitsPosted: BigInt(field(0)), creditsPosted: BigInt(field(1)), debitsPending: BigInt(field(2)), creditsPending: BigInt(field(3)), lossPosted: BigInt(field(4)) }
    } else if (kind === 's') {
      const [ceiling, claimedUntil] = field(9).split(' ')
      sending.set(field(0), {
        id: field(0), connection: field(1), state: field(2), total: BigInt(field(3)), posted: BigInt(field(4)), excess: BigInt(field(5)), held: BigInt(field(6)),
        epoch: Number(field(7)), sendUntilMs: Number(field(8)), ceiling: Number(ceiling), claimedUntilMs: Number(claimedUntil),
      })
    } else receiving.set(field(0), { total: BigInt(field(1)), closed: field(2) === 'true' })
  }
  return { sums, sending, receiving }
}

export interface Opened {
  readonly startedMs: number
  readonly rate: bigint
  readonly streamId: string
  readonly foreign: boolean
}

/** Everything that one connection's packets have done outside the books. */
class Trail {
  readonly sequences = new Map<number, bigint>()
  /** All units that were ever sent: each sequence counts once. */
  sent = 0n
  /** Sent and not known to the wallet to be rejected; what was refused as a repeat is not, for its first copy arrived. */
  spent = 0n
  /** Credits that a receiver was told are durable. */
  readonly applied = new Set<number>()
  appliedUnits = 0n
  /** Sequences whose refusal the wallet heard from the receiver itself. */
  readonly refused = new Set<number>()
  /** Credits that were asked for, and whose outcome nobody was told (yet). */
  readonly open = new Map<number, { asked: number; amount: bigint }>()
  /** What the page was told. */
  told = 0n

  readonly startedMs: number
  readonly rate: bigint
  readonly streamId: string
  /** Its receiver is somebody else's: what is in doubt may be released to the subscriber though it arrived. */
  readonly foreign: boolean

  constructor({ startedMs, rate, streamId, foreign }: Opened) {
    this.startedMs = startedMs
    this.rate = rate
    this.streamId = streamId
    this.foreign = foreign
  }

  get openUnits(): bigint {
    let units = 0n
    for (const [sequence, { amount }] of this.open) if (!this.applied.has(sequence)) units += amount
    return units
  }
}

interface LeavingPacket {
  readonly sequence: number
  readonly amount: bigint
  readonly expiresAtMs: number
  /** What the sender itself counts as paid, in flight or in doubt, this packet included. */
  readonly counted: bigint
}

const settleAfterMs = 5_000
/** What may be due beyond the rate: a packet of a millisecond that is not over yet. */
const dueSlackMs = 1

export class Invariants {
  readonly #trails = new Map<string, Trail>()
  readonly #skewMaxMs: number
  books: Books = { sums: { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n, lossPosted: 0n }, sending: new Map(), receiving: new Map() }

  constructor(skewMaxMs: number) {
    this.#skewMaxMs = skewMaxMs
  }

  get unitsSent(): bigint {
    return [...this.#trails.values()].reduce((sum, { sent }) => sum + sent, 0n)
  }

  opened(connection: string, trail: Opened): void {
    this.#trails.set(connection, new Trail(trail))
  }

  /** A wallet lets a packet go. */
  leaves(connection: string, packet: LeavingPacket, nowMs: number): void {
    const trail = this.#trail(connection)
    const { sequence, amount, expiresAtMs, counted } = packet
    const row = this.books.sending.get(trail.streamId)
    must(row !== undefined, () => `stream ${trail.streamId} sends before its hold is durable`)
    if (amount === 0n && sequence > row.ceiling) {
      // What asks a receiver of others for its total moves nothing, and comes only when nothing of the stream can still arrive.
      must(trail.foreign && expiresAtMs > row.sendUntilMs + settleAfterMs, () => `stream ${trail.streamId} is asked about ${row.sendUntilMs + settleAfterMs - expiresAtMs} ms too early`)
      return
    }
    must(!trail.sequences.has(sequence), () => `stream ${trail.streamId} sends sequence ${sequence} a second time`)
    trail.sequences.set(sequence, amount)
    trail.sent += amount
    trail.spent += amount
    must(sequence <= row.ceiling, () => `stream ${trail.streamId} sends sequence ${sequence} above its durable ceiling ${row.ceiling}`)
    must(expiresAtMs <= row.sendUntilMs, () => `stream ${trail.streamId} sends a packet that expires ${expiresAtMs - row.sendUntilMs} ms after its durable sendUntil`)
    must(trail.spent <= counted, () => `stream ${trail.streamId} has ${trail.spent} units paid, in flight or in doubt, and counts only ${counted}`)
    must(trail.spent <= row.held, () => `stream ${trail.streamId} has ${trail.spent} units paid, in flight or in doubt, and holds ${row.held}`)
    const due = (trail.rate * BigInt(nowMs - trail.startedMs + dueSlackMs)) / 1_000n
    must(trail.spent <= due, () => `stream ${trail.streamId} has ${trail.spent} units paid, in flight or in doubt, when ${due} are due`)
  }

  /** The wallet hears that a packet is rejected. `byReceiver`: by the receiver itself, for good. */
  rejected(connection: string, sequence: number, byReceiver: boolean): void {
    const trail = this.#trail(connection)
    if (byReceiver && trail.applied.has(sequence)) return
    if (byReceiver) trail.refused.add(sequence)
    trail.spent -= trail.sequences.get(sequence) ?? 0n
  }

  creditAsked(connection: string, sequence: number, amount: bigint): void {
    const trail = this.#trail(connection)
    must(trail.sequences.get(sequence) === amount, () => `connection ${connection.slice(0, 8)} asks to credit ${amount} for sequence ${sequence}, which carried ${trail.sequences.get(sequence)}`)
    const open = trail.open.get(sequence)
    if (open === undefined) trail.open.set(sequence, { asked: 1, amount })
    else open.asked += 1
  }

  creditAnswered(connection: string, sequence: number, applied: boolean): void {
    const trail = this.#trail(connection)
    const open = trail.open.get(sequence)
    if (open !== undefined && (open.asked -= 1) === 0) trail.open.delete(sequence)
    if (!applied) return
    must(!trail.applied.has(sequence), () => `sequence ${sequence} of connection ${connection.slice(0, 8)} is credited twice`)
    trail.applied.add(sequence)
    trail.appliedUnits += trail.sequences.get(sequence) ?? 0n
    if (trail.refused.has(sequence)) trail.spent += trail.sequences.get(sequence) ?? 0n
    const total = this.books.receiving.get(connection)?.total ?? 0n
    must(total >= trail.appliedUnits, () => `a receiver was told that ${trail.appliedUnits} units are credited, the durable books say ${total}`)
  }

  /** The page hears of a payment: the receiver's row has it where it is in these books, else the wallet's. */
  told(connection: string, amount: bigint): void {
    const trail = this.#trail(connection)
    trail.told += amount
    const total = (trail.foreign ? this.books.sending.get(trail.streamId) : this.books.receiving.get(connection))?.total ?? 0n
    must(trail.told <= total, () => `the page of stream ${trail.streamId} heard of ${trail.told} units, the durable books say ${total}`)
  }

  /** The books after a commit. */
  check(books: Books, nowMs: number): void {
    const before = this.books
    this.books = books
    const { sums } = books
    must(sums.debitsPosted === sums.creditsPosted, () => `posted debits ${sums.debitsPosted} are not posted credits ${sums.creditsPosted}`)
    must(sums.debitsPending === sums.creditsPending, () => `pending debits ${sums.debitsPending} are not pending credits ${sums.creditsPending}`)
    must(sums.lossPosted === 0n, () => `${sums.lossPosted} units went to loss: somebody paid beyond a hold`)
    let held = 0n
    for (const row of books.sending.values()) {
      if (row.state !== 'closed') held += row.held - row.posted
      this.#checkSending(row, before.sending.get(row.id), nowMs)
    }
    must(sums.debitsPending === held, () => `${sums.debitsPending} units are pending, the open streams hold ${held}`)
    for (const [connection, row] of books.receiving) this.#checkReceiving(connection, row, before.receiving.get(connection))
    for (const id of before.sending.keys()) must(books.sending.has(id), () => `stream ${id} is gone from the books`)
  }

  #checkSending(row: SendingRow, before: SendingRow | undefined, nowMs: number): void {
    const { id, connection, state, total, posted, held, epoch } = row
    must(posted <= total && total <= held && row.excess === 0n, () => `stream ${id}: posted ${posted}, total ${total}, held ${held}, excess ${row.excess}`)
    const received = this.books.receiving.get(connection)?.total ?? 0n
    must(total <= received, () => `stream ${id} paid ${total}, its receiver was credited ${received}`)
    const exact = this.#trails.get(connection)?.foreign !== true
    must(state !== 'closed' || !exact || total === received, () => `stream ${id} is settled at ${total}, its receiver was credited ${received}`)
    if (before === undefined) return
    must(total >= before.total && posted >= before.posted && epoch >= before.epoch && held >= before.held, () => `a counter of stream ${id} went back`)
    must(before.state !== 'closed' || state === 'closed', () => `stream ${id} was closed and is ${state} again`)
    const early = before.sendUntilMs + settleAfterMs - (nowMs + this.#skewMaxMs)
    must(epoch === before.epoch || early <= 0, () => `stream ${id} was taken over ${early} ms before anybody's clock allows it`)
  }

  #checkReceiving(connection: string, { total, closed }: ReceivingRow, before: ReceivingRow | undefined): void {
    const trail = this.#trails.get(connection)
    must(trail !== undefined || total === 0n, () => `a connection that nobody opened was credited ${total}`)
    if (trail === undefined) return
    const name = connection.slice(0, 8)
    must(total <= trail.sent, () => `connection ${name} was credited ${total}, only ${trail.sent} was ever sent`)
    must(total <= trail.appliedUnits + trail.openUnits, () => `connection ${name} was credited ${total}, its receivers know of ${trail.appliedUnits} and ${trail.openUnits} in doubt`)
    must(total >= trail.appliedUnits, () => `connection ${name} was credited ${total}, its receivers were told ${trail.appliedUnits}`)
    if (before === undefined) return
    must(total >= before.total && (closed || !before.closed), () => `connection ${name} went back from ${before.total} to ${total}`)
    must(total === before.total || !before.closed, () => `connection ${name} was closed and is credited again`)
  }

  #trail(connection: string): Trail {
    const trail = this.#trails.get(connection)
    must(trail !== undefined, () => `connection ${connection.slice(0, 8)} is not one of the simulation`)
    return trail
  }
}
