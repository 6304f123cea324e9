import type { Books, ReceivingDraft } from './books.ts'
import { type Entry, nothing } from './journal.ts'

/** @param untilMs how long to keep out what may still come on a connection that has no row, ms since 1970 */
export function closeReceiving(connection: Buffer, untilMs?: number): Entry<void> {
  return {
    ...nothing, connections: [connection],
    write(books) {
      const key = connection.toString('hex')
      const row = books.receiving.get(key)
      if (row === undefined) {
        if (untilMs !== undefined && !books.ended.has(key)) books.insertReceiving(tombstoneOf(connection, books.nowMs, untilMs))
        return
      }
      postReceiving(books, row)
      if (!row.closed) books.changeReceiving(row, { closed: true })
    },
  }
}

/** A row that was closed before anything came: it only keeps late credits out. */
export function tombstoneOf(connection: Buffer, nowMs: number, closesAtMs: number): ReceivingDraft {
  return { connection, debitAccountId: undefined, creditAccountId: undefined, total: 0n, posted: 0n, linkTotal: 0n, linkPosted: 0n, postedAtMs: nowMs, closed: true, closesAtMs }
}

/** Posts what a connection has accrued. Its key begins with the time of the posting before: what is posted now stands side by side in the index of keys, however long the history is; what a connection is called stands anywhere. */
export function postReceiving(books: Books, row: ReceivingDraft): void {
  const amount = row.total - row.posted
  if (amount === 0n || row.debitAccountId === undefined || row.creditAccountId === undefined) return
  const stream = row.connection.toString('hex')
  const name = `${row.postedAtMs}/${stream}`
  books.transfer({ key: `${name}/${row.total}`, debitAccountId: row.debitAccountId, creditAccountId: row.creditAccountId, amount, reason: 'stream', stream })
  const exchange = books.exchanges.get(row.debitAccountId)
  const linkAmount = row.linkTotal - row.linkPosted
  if (exchange !== undefined && linkAmount > 0n) {
    books.transfer({ key: `${name}/link/${row.linkTotal}`, debitAccountId: exchange.linkAccountId, creditAccountId: exchange.farAccountId, amount: linkAmount, reason: 'stream-link', stream })
  }
  books.changeReceiving(row, { posted: row.total, linkPosted: row.linkTotal, postedAtMs: books.nowMs })
}
