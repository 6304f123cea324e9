import type { Id } from '@rivulet/ids'
import { amountMax, ceilDivide, multiplyCeil, multiplyFloor } from '@rivulet/money'
import type { Books, SendingDraft } from './books.ts'
import { refusal } from './fault.ts'
import { type Entry, nothing } from './journal.ts'
import { postReceiving, tombstoneOf } from './receiving-entries.ts'
import type { BookingRow } from './sending-store.ts'
import type { ExpectedArrival, SendingStream, SendingStreamSpec, StreamCharge, StreamLease } from './types.ts'

/** After `sendUntilMs` this much must pass before anyone says what became of the last packets: clocks differ, answers travel. */
export const settleAfterMs = 5_000
/** A closed connection that never received anything is remembered for longer than any packet lives. */
const tombstoneMs = 86_400_000

type StreamId = Id<'strm'>

export function openSending(spec: SendingStreamSpec): Entry<{ ownerEpoch: number }> {
  return {
    ...nothing, sendingIds: [spec.id], accountIds: [spec.debitAccountId, spec.creditAccountId, spec.lossAccountId],
    write(books) {
      if (spec.held < 0n || spec.held > amountMax) throw refusal('amount-invalid', `a hold is 0 to 2^62 units, not ${spec.held}`)
      const before = books.sending.get(spec.id)
      if (before !== undefined) {
        if (before.ownerId === spec.ownerId && before.debitAccountId === spec.debitAccountId && before.creditAccountId === spec.creditAccountId && before.connection.equals(spec.connection)) return { ownerEpoch: before.ownerEpoch }
        throw refusal('key-reused', `stream ${spec.id} was opened with other content`)
      }
      const { asset } = books.account(spec.debitAccountId)
      const loss = books.account(spec.lossAccountId)
      if (loss.asset.code !== asset.code || loss.asset.scale !== asset.scale) throw refusal('assets-differ', `${loss.name} cannot bear a loss in ${asset.code}`)
      books.hold(spec.debitAccountId, spec.creditAccountId, spec.held)
      books.insertSending({
        ...spec, state: 'open', total: 0n, posted: 0n, excess: 0n, linkTotal: 0n, linkPosted: 0n, delivered: 0n, ownerEpoch: 1, openedAtMs: books.nowMs, closeReason: undefined, postedAtMs: books.nowMs, claimedUntilMs: 0,
      })
      return { ownerEpoch: 1 }
    },
  }
}

export function extendSending(id: StreamId, ownerEpoch: number, lease: StreamLease): Entry<void> {
  return {
    ...nothing, sendingIds: [id],
    write(books) {
      const stream = owned(books, id, ownerEpoch)
      if (stream.state !== 'open') throw refusal('stream-closed', `stream ${id} is ${stream.state}: open another`)
      if (lease.held > amountMax) throw refusal('amount-too-large', 'a hold cannot exceed 2^62 units')
      if (lease.held > stream.held) books.hold(stream.debitAccountId, stream.creditAccountId, lease.held - stream.held)
      books.changeSending(stream, {
        held: lease.held > stream.held ? lease.held : stream.held,
        sequenceCeiling: Math.max(lease.sequenceCeiling, stream.sequenceCeiling),
        sendUntilMs: Math.max(lease.sendUntilMs, stream.sendUntilMs),
      })
    },
  }
}

/** Books what the group commit could not: paid beyond the hold, or after the row was closed. Tells how much went to `loss`. */
export function bookSending({ id, ownerEpoch, total, linkTotal, delivered }: BookingRow): Entry<{ excess: bigint }> {
  return {
    ...nothing, sendingIds: [id],
    write(books) {
      const stream = owned(books, id, ownerEpoch)
      const excess = bookPaid(books, stream, total)
      if (linkTotal > stream.linkTotal) books.changeSending(stream, { linkTotal })
      if (delivered > stream.delivered) books.changeSending(stream, { delivered })
      if (stream.state === 'closed') postLink(books, stream)
      return { excess }
    },
  }
}

export function closeSending(id: StreamId, ownerEpoch: number, { reason, charge }: { readonly reason: string; readonly charge: StreamCharge | undefined }): Entry<{ excess: bigint }> {
  return {
    ...nothing, sendingIds: [id], withReceiving: true, accountIds: charge === undefined ? [] : [charge.accountId],
    write(books) {
      const stream = known(books, id)
      if (stream.state === 'closed') return { excess: 0n }
      fence(stream, ownerEpoch)
      const excess = end(books, stream, paidByArrival(books, stream, arrivedOf(books, stream)), reason)
      if (charge !== undefined) books.transfer({ key: `${id}/fee`, debitAccountId: stream.debitAccountId, creditAccountId: charge.accountId, amount: charge.amount, reason: 'fee', stream: id })
      return { excess }
    },
  }
}

export function leaveSendingInDoubt(id: StreamId, ownerEpoch: number, reason: string): Entry<void> {
  return {
    ...nothing, sendingIds: [id],
    write(books) {
      const stream = known(books, id)
      if (stream.state === 'closed') throw refusal('stream-closed', `stream ${id} is closed`)
      fence(stream, ownerEpoch)
      books.changeSending(stream, { state: 'in-doubt', closeReason: reason })
    },
  }
}

export function settleSending(id: StreamId, ownerEpoch: number, word: bigint | undefined): Entry<{ excess: bigint; stream: SendingStream }> {
  return {
    ...nothing, sendingIds: [id], withReceiving: true,
    write(books) {
      const stream = known(books, id)
      if (stream.state === 'closed') return { excess: 0n, stream }
      fence(stream, ownerEpoch)
      if (books.nowMs < stream.sendUntilMs + settleAfterMs) throw refusal('settle-too-early', `packets of stream ${id} may be out until 5 s after ${stream.sendUntilMs}`)
      const exact = paidByArrival(books, stream, arrivedOf(books, stream))
      const excess = end(books, stream, exact ?? paidByWord(books, stream, word), stream.closeReason ?? 'settled')
      return { excess, stream: { ...stream } }
    },
  }
}

/** Posts what accrued of an open stream. */
export function postSending(books: Books, stream: SendingDraft): void {
  const amount = stream.total - stream.posted
  if (amount > 0n) {
    books.transferHeld({
      key: `${stream.id}/${stream.total}`, debitAccountId: stream.debitAccountId, creditAccountId: stream.creditAccountId, amount, reason: 'stream', stream: stream.id,
    })
  }
  postLink(books, stream)
  books.changeSending(stream, { posted: stream.total, postedAtMs: books.nowMs })
}

/** Posts what passed the link since, where it counts in another asset. */
function postLink(books: Books, stream: SendingDraft): void {
  const exchange = books.exchanges.get(stream.creditAccountId)
  const amount = stream.linkTotal - stream.linkPosted
  if (exchange === undefined || amount === 0n) return
  books.transfer({
    key: `${stream.id}/link/${stream.linkTotal}`, debitAccountId: exchange.farAccountId, creditAccountId: exchange.linkAccountId, amount, reason: 'stream-link', stream: stream.id,
  })
  books.changeSending(stream, { linkPosted: stream.linkTotal })
}

/** Posts, books a late difference, releases the rest of the hold, closes the row. */
function end(books: Books, stream: SendingDraft, paid: bigint | undefined, reason: string): bigint {
  const excess = paid === undefined ? 0n : bookPaid(books, stream, paid)
  postSending(books, stream)
  books.release(stream.debitAccountId, stream.creditAccountId, stream.held - stream.posted)
  books.changeSending(stream, { state: 'closed', closeReason: reason })
  return excess
}

/** Raises the total within the hold; what is beyond it, or comes after the end, is the operator's loss. Returns what went there now. */
function bookPaid(books: Books, stream: SendingDraft, paid: bigint): bigint {
  const more = paid - stream.total - stream.excess
  if (more <= 0n) return 0n
  const room = stream.state === 'closed' ? 0n : stream.held - stream.total
  const covered = more < room ? more : room
  const excess = more - covered
  books.changeSending(stream, { total: stream.total + covered, excess: stream.excess + excess })
  if (excess > 0n) {
    books.transfer({
      key: `${stream.id}/excess/${stream.excess}`, debitAccountId: stream.lossAccountId, creditAccountId: stream.creditAccountId, amount: excess, reason: 'stream-excess', stream: stream.id,
    })
  }
  return excess
}

/**
 * What the connection has received in units of the link, when the receiving role writes to these books; the connection is closed with it, so that nothing can be credited later, not
 * even by a flush whose outcome is still unknown. The link between our own roles counts in one asset on both of its sides.
 */
function arrivedOf(books: Books, stream: SendingDraft): bigint | undefined {
  if (!stream.resume.receiverIsOurs) return undefined
  const key = stream.connection.toString('hex')
  const ended = books.ended.get(key)
  if (ended !== undefined) return ended.linkTotal > 0n ? ended.linkTotal : ended.total
  const row = books.receiving.get(key)
  if (row === undefined) {
    books.insertReceiving(tombstoneOf(stream.connection, books.nowMs, books.nowMs + tombstoneMs))
    return 0n
  }
  if (!row.closed) {
    postReceiving(books, row)
    books.changeReceiving(row, { closed: true })
  }
  return row.linkTotal > 0n ? row.linkTotal : row.total
}

/**
 * What was paid, by what arrived. Exact where the link counts in the payer's asset; through an exchange all that arrived costs the row's price. A row without one is of before there were prices: what is
 * new on the link costs as much as what was booked before it, or the whole hold when nothing was.
 */
function paidByArrival(books: Books, stream: SendingDraft, arrived: bigint | undefined): bigint | undefined {
  if (arrived === undefined || !books.exchanges.has(stream.creditAccountId)) return arrived
  const paid = stream.total + stream.excess
  const fresh = arrived - stream.linkTotal
  if (fresh <= 0n) return paid
  const most = stream.held + stream.excess
  const { linkPrice } = stream.resume
  const believed = linkPrice !== undefined ? multiplyCeil(arrived, linkPrice) : stream.linkTotal === 0n ? most : paid + ceilDivide(fresh * paid, stream.linkTotal)
  books.changeSending(stream, { linkTotal: arrived })
  return believed > most ? most : believed
}

/** What was paid, by the word of a receiver of others: worth at most what is in doubt, and nothing when it contradicts what is proven. */
function paidByWord(books: Books, stream: SendingDraft, word: bigint | undefined): bigint {
  const paid = stream.total + stream.excess
  if (word === undefined) return paid
  const { arrival } = stream.resume
  if (arrival !== undefined) return paidByDelivery(books, stream, { received: word, arrival })
  const most = stream.held + stream.excess
  return word < paid || books.exchanges.has(stream.creditAccountId) ? paid : word > most ? most : word
}

/**
 * What was paid, by what a receiver that counts in another asset has got. Known is how much of it is not booked; what that cost is known when it has got all that was bought. Otherwise it cost as much for each
 * unit as what was booked before, in the payer's asset and on the link, or the agreed price when nothing was.
 */
function paidByDelivery(books: Books, stream: SendingDraft, { received, arrival }: { readonly received: bigint; readonly arrival: ExpectedArrival }): bigint {
  const paid = stream.total + stream.excess
  const fresh = received - stream.delivered
  if (fresh <= 0n) return paid
  const most = stream.excess + (arrival.most !== undefined && arrival.most < stream.held ? arrival.most : stream.held)
  const isWhole = arrival.whole !== undefined && received >= arrival.whole
  const cost = stream.delivered > 0n && paid > 0n ? ceilDivide(fresh * paid, stream.delivered) : multiplyCeil(fresh, arrival.price)
  const believed = isWhole || paid + cost > most ? most : paid + cost
  if (books.exchanges.has(stream.creditAccountId)) {
    const linkTotal = linkByDelivery(stream, { fresh, believed, most })
    // What passed the link is not known: what is in doubt stays with the payer.
    if (linkTotal === undefined) return paid
    books.changeSending(stream, { linkTotal })
  }
  books.changeSending(stream, { delivered: received })
  return believed > paid ? believed : paid
}

/** Units of the link: all that all of the amount carries, else in the proportion of what was booked, else by the row's price. */
function linkByDelivery({ linkTotal, delivered, resume: { linkPrice } }: SendingDraft, { fresh, believed, most }: { readonly fresh: bigint; readonly believed: bigint; readonly most: bigint }): bigint | undefined {
  const carriedBy = linkPrice && ((amount: bigint): bigint => multiplyFloor(amount, { numerator: linkPrice.denominator, denominator: linkPrice.numerator }))
  if (carriedBy === undefined && linkTotal === 0n) return undefined
  const all = carriedBy?.(most)
  if (believed === most && all !== undefined) return all > linkTotal ? all : linkTotal
  const more = linkTotal > 0n && delivered > 0n ? ceilDivide(fresh * linkTotal, delivered) : (carriedBy?.(believed) ?? 1n) - linkTotal
  return linkTotal + (more > 1n ? more : 1n)
}

function known(books: Books, id: StreamId): SendingDraft {
  const stream = books.sending.get(id)
  if (stream === undefined) throw refusal('stream-unknown', `there is no stream ${id}`)
  return stream
}

function owned(books: Books, id: StreamId, ownerEpoch: number): SendingDraft {
  const stream = known(books, id)
  fence(stream, ownerEpoch)
  return stream
}

function fence(stream: SendingDraft, ownerEpoch: number): void {
  if (stream.ownerEpoch !== ownerEpoch) throw refusal('owner-fenced', `stream ${stream.id} was taken over: its epoch is ${stream.ownerEpoch}, not ${ownerEpoch}`)
}
