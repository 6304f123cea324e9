import type { Id } from '@rivulet/ids'
import { type AccountRow, accountOf } from './account-store.ts'
import type { BooksState, ReceivingDraft } from './books.ts'
import { type Bound, bound, type Session } from './session-store.ts'
import { sendingColumns, sendingOf, type SendingRow } from './sending-store.ts'
import { transferColumns, transferOf, type TransferRow } from './transfer-store.ts'

/** What a batch needs locked. Everything is locked in one order: own chain, sending rows, receiving rows that are missing, those that exist, accounts; each kind by its key. */
export interface Locks {
  readonly accountIds: readonly Id<'acct'>[]
  readonly sendingIds: readonly Id<'strm'>[]
  readonly connections: readonly Buffer[]
  readonly keys: readonly string[]
  /** Also the receiving rows of the sending rows whose receiver is ours. */
  readonly withReceiving: boolean
  /** Rows that are due for posting or have ended, as many as nobody else has locked. */
  readonly due?: { readonly postedBeforeMs: number; readonly endedBeforeMs: number; readonly rowsMax: number } | undefined
  /** Sending rows whose owner is gone, as many as nobody else has locked. */
  readonly abandoned?: { readonly sendUntilBeforeMs: number; readonly nowMs: number; readonly rowsMax: number } | undefined
}

export interface ChainRow {
  readonly length: bigint
  readonly head: Buffer
}

export interface LockedRows extends Pick<BooksState, 'accounts' | 'exchanges' | 'sending' | 'receiving' | 'ended' | 'transfers'> {
  readonly chain: ChainRow | undefined
  /** Connections without a row. Each has one for the time of this transaction, closed and empty, and keeps it if an entry inserts it. */
  readonly vacant: readonly Buffer[]
}

interface ReceivingRow {
  connection: Buffer
  debit_account_id: Id<'acct'> | null
  credit_account_id: Id<'acct'> | null
  total: bigint
  posted: bigint
  link_total: bigint
  link_posted: bigint
  posted_at_ms: bigint
  closed: boolean
  closes_at_ms: bigint
}

interface EndedRow {
  connection: Buffer
  total: bigint
  link_total: bigint
}

interface ExchangeRow {
  account_id: string
  far_account_id: Id<'acct'>
  link_account_id: Id<'acct'>
}

const receivingColumns = 'connection, debit_account_id, credit_account_id, total, posted, link_total, link_posted, posted_at_ms, closed, closes_at_ms'

/** The rows whose keys are known so far; what belongs to them is found where they are locked. */
interface Known {
  readonly sendingIds: readonly string[]
  readonly connections: readonly Buffer[]
}

/**
 * Begins a transaction and locks what a batch needs: one message, unless rows are to be found that nobody else has locked. Then what belongs to them is only known once they are, and each kind is
 * a message of its own.
 */
export async function lockRows(session: Session, chainId: string, locks: Locks): Promise<LockedRows> {
  const found = { sendingIds: [...locks.sendingIds], connections: [...locks.connections] }
  const rows: LockedKinds = { sending: [], vacant: [], receiving: [], ended: [], exchanges: [], accounts: [], transfers: [] }
  const chain: ChainRow[] = []
  const asked: Question[] = [{ text: 'begin', rows: [] }, { text: bound('select length, head from ledger.chains where id = $1 for no key update', [chainId]), rows: chain }, ...sendingQuestions(locks, rows)]
  if (locks.due !== undefined || locks.abandoned !== undefined) {
    await ask(session, asked.splice(0))
    found.sendingIds.push(...rows.sending.map(({ id }) => id))
    await ask(session, receivingQuestions(locks, found, rows))
    found.connections.push(...rows.receiving.map(({ connection }) => connection))
  } else asked.push(...receivingQuestions(locks, found, rows))
  await ask(session, [...asked, ...accountQuestions(locks, found, rows)])
  const vacant = rows.vacant.map(({ connection }) => connection)
  const receiving = new Map(rows.receiving.map((row) => [row.connection.toString('hex'), receivingOf(row)]))
  for (const connection of vacant) receiving.delete(connection.toString('hex'))
  return {
    chain: chain[0], vacant, receiving,
    sending: new Map(rows.sending.map((row) => [row.id, sendingOf(row)])),
    ended: new Map(rows.ended.map((row) => [row.connection.toString('hex'), { total: row.total, linkTotal: row.link_total }])),
    exchanges: new Map(rows.exchanges.map((row) => [row.account_id, { farAccountId: row.far_account_id, linkAccountId: row.link_account_id }])),
    accounts: new Map(rows.accounts.map((row) => [row.id, accountOf(row)])),
    transfers: new Map(rows.transfers.map((row) => [row.key, transferOf(row)])),
  }
}

interface LockedKinds {
  readonly sending: SendingRow[]
  readonly vacant: { connection: Buffer }[]
  readonly receiving: ReceivingRow[]
  readonly ended: EndedRow[]
  readonly exchanges: ExchangeRow[]
  readonly accounts: AccountRow[]
  readonly transfers: TransferRow[]
}

/** A statement, and where its rows go. */
interface Question {
  readonly text: string | Bound
  readonly rows: unknown[]
}

async function ask(session: Session, questions: readonly Question[]): Promise<void> {
  if (questions.length === 0) return
  const answers = await session.script(questions.map(({ text }) => text))
  for (const [index, { rows }] of questions.entries()) rows.push(...(answers[index] ?? []))
}

function sendingQuestions({ sendingIds, due, abandoned }: Locks, rows: LockedKinds): Question[] {
  const questions: Question[] = []
  const take = (where: string, values: Bound['values']): void => {
    questions.push({ text: bound(`select ${sendingColumns} from ledger.sending_streams s join ledger.sending_details d using (id) ${where}`, values), rows: rows.sending })
  }
  if (sendingIds.length > 0) take('where s.id = any($1::text[]) order by s.id for no key update of s', [sendingIds])
  if (due !== undefined) take(`where s.state <> 'closed' and s.total > s.posted and s.posted_at_ms <= $1 order by s.id limit $2 for no key update of s skip locked`, [due.postedBeforeMs, due.rowsMax])
  if (abandoned !== undefined) {
    take(`where s.state <> 'closed' and s.send_until_ms <= $1 and s.claimed_until_ms <= $2 order by s.id limit $3 for no key update of s skip locked`, [abandoned.sendUntilBeforeMs, abandoned.nowMs, abandoned.rowsMax])
  }
  return questions
}

/** Connections by themselves ($1), and those of sending rows ($2) whose receiver is ours. */
const connectionsAsked = 'array(select unnest($1::bytea[]) union select connection from ledger.sending_details where id = any($2::text[]) and receiver_is_ours)'

/**
 * Takes the place of every row that is missing, before any row that exists is locked: as a flush does, which first inserts and then updates, both in ascending
 * order. If one of the two did it the other way round, each could wait for the other.
 */
function receivingQuestions({ withReceiving, due }: Locks, { sendingIds, connections }: Known, rows: LockedKinds): Question[] {
  const questions: Question[] = []
  const values = [connections, withReceiving ? sendingIds : []]
  if (connections.length > 0 || (withReceiving && sendingIds.length > 0)) {
    questions.push({
      text: bound(
        `insert into ledger.receiving_streams (connection, total, highest_sequence, seen, total_max, posted_at_ms, closes_at_ms, closed)
        select connection, 0, 0, 0, 0, 0, 0, true from unnest(${connectionsAsked}) as u(connection)
        where not exists (select from ledger.receiving_streams r where r.connection = u.connection) and not exists (select from ledger.receiving_ended e where e.connection = u.connection)
        order by connection on conflict (connection) do nothing returning connection`, values),
      rows: rows.vacant,
    })
    questions.push({ text: bound(`select ${receivingColumns} from ledger.receiving_streams where connection = any(${connectionsAsked}) order by connection for no key update`, values), rows: rows.receiving })
    questions.push({ text: bound(`select connection, total, link_total from ledger.receiving_ended where connection = any(${connectionsAsked})`, values), rows: rows.ended })
  }
  if (due !== undefined) {
    questions.push({
      text: bound(
        `select ${receivingColumns} from ledger.receiving_streams where (total > posted and (posted_at_ms <= $1 or closed)) or closes_at_ms <= $2 order by connection limit $3 for no key update skip locked`,
        [due.postedBeforeMs, due.endedBeforeMs, due.rowsMax]),
      rows: rows.receiving,
    })
  }
  return questions
}

/** Accounts that are named, and those of the rows; of rows whose amounts passed a link in another asset also those of their exchange. */
function accountQuestions({ accountIds, keys, withReceiving }: Locks, { sendingIds, connections }: Known, rows: LockedKinds): Question[] {
  const questions: Question[] = []
  const values = [connections, withReceiving ? sendingIds : [], sendingIds, accountIds]
  const hasReceiving = connections.length > 0 || (withReceiving && sendingIds.length > 0)
  const sendingRows = 'ledger.sending_streams where id = any($3::text[])'
  const receivingRows = `ledger.receiving_streams where connection = any(${connectionsAsked})`
  const near = [
    ...(sendingIds.length > 0 ? [`select credit_account_id from ${sendingRows}`] : []),
    ...(hasReceiving ? [`select debit_account_id from ${receivingRows} and link_total > 0`] : []),
  ].join(' union ')
  if (near !== '') questions.push({ text: bound(`select account_id, far_account_id, link_account_id from ledger.exchanges where account_id = any(array(${near}))`, values), rows: rows.exchanges })
  const named = [
    ...(accountIds.length > 0 ? ['select unnest($4::text[])'] : []),
    ...(sendingIds.length > 0 ? [`select unnest(array[debit_account_id, credit_account_id]) from ${sendingRows}`, 'select loss_account_id from ledger.sending_details where id = any($3::text[])'] : []),
    ...(hasReceiving ? [`select unnest(array[debit_account_id, credit_account_id]) from ${receivingRows}`] : []),
    ...(near === '' ? [] : [`select unnest(array[far_account_id, link_account_id]) from ledger.exchanges where account_id = any(array(${near}))`]),
  ].join(' union ')
  if (named !== '') questions.push({ text: bound(`select * from ledger.accounts where id = any(array(${named})) order by id for no key update`, values), rows: rows.accounts })
  if (keys.length > 0) questions.push({ text: bound(`select ${transferColumns} from ledger.transfers where key = any($1::text[])`, [keys]), rows: rows.transfers })
  return questions
}

function receivingOf(row: ReceivingRow): ReceivingDraft {
  return {
    connection: row.connection, debitAccountId: row.debit_account_id ?? undefined, creditAccountId: row.credit_account_id ?? undefined, total: row.total, posted: row.posted, linkTotal: row.link_total, linkPosted: row.link_posted,
    postedAtMs: Number(row.posted_at_ms), closed: row.closed, closesAtMs: Number(row.closes_at_ms),
  }
}
