import type { Books, ReceivingDraft } from './books.ts'
import { type Entry, nothing } from './journal.ts'

export function closeReceiving(connection: Buffer): Entry<void> {
  return {
    ...nothing, connections: [connection],
    write(books) {
      const row = books.receiving.get(connection.toString('hex'))
      if (row === undefined) return
      postReceiving(books, row)
      if (!row.closed) books.changeReceiving(row, { closed: true })
    },
  }
}

/** Posts what a connection has accrued. */
export function postReceiving(books: Books, row: ReceivingDraft): void {
  const amount = row.total - row.posted
  if (amount === 0n || row.debitAccountId === undefined || row.creditAccountId === undefined) return
  const stream = row.connection.toString('hex')
  books.transfer({ key: `${stream}/${row.total}`, debitAccountId: row.debitAccountId, creditAccountId: row.creditAccountId, amount, reason: 'stream', stream })
  const exchange = books.exchanges.get(row.debitAccountId)
  const linkAmount = row.linkTotal - row.linkPosted
  if (exchange !== undefined && linkAmount > 0n) {
    books.transfer({ key: `${stream}/link/${row.linkTotal}`, debitAccountId: exchange.linkAccountId, creditAccountId: exchange.farAccountId, amount: linkAmount, reason: 'stream-link', stream })
  }
  books.changeReceiving(row, { posted: row.total, linkPosted: row.linkTotal, postedAtMs: books.nowMs })
}
