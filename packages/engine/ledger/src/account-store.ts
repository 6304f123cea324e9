import { newId, type Id } from '@rivulet/ids'
import { Batches, type Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { refusal } from './fault.ts'
import { query } from './query-store.ts'
import type { Account, AccountSpec, Balance, Exchange, ExchangeSpec, Income } from './types.ts'

export interface AccountRow {
  id: Id<'acct'>
  name: string
  kind: Account['kind']
  asset_code: string
  asset_scale: number
  debits_may_exceed_credits: boolean
  debits_pending: bigint
  debits_posted: bigint
  credits_pending: bigint
  credits_posted: bigint
}

export const accountColumns = 'id, name, kind, asset_code, asset_scale, debits_may_exceed_credits, debits_pending, debits_posted, credits_pending, credits_posted'

const accountsAtOnceMax = 200

export class AccountStore {
  readonly #postgres: Postgres
  readonly #clock: Clock
  readonly #written: () => Promise<void>
  /** Those that are asked for in the same turn are opened, or read, together. */
  readonly #opened = new Batches((specs: readonly AccountSpec[]) => this.#open(specs), accountsAtOnceMax)
  readonly #balances = new Batches((ids: readonly Id<'acct'>[]) => this.#readBalances(ids), accountsAtOnceMax)
  readonly #availables = new Batches((ids: readonly Id<'acct'>[]) => this.#readAvailables(ids), accountsAtOnceMax)

  constructor({ postgres, clock, written }: { readonly postgres: Postgres; readonly clock: Clock; /** Resolves when what was asked to be written before is. */ readonly written: () => Promise<void> }) {
    this.#postgres = postgres
    this.#clock = clock
    this.#written = written
  }

  async open(spec: AccountSpec): Promise<Account> {
    const account = await this.#opened.add(spec)
    if (account === undefined) throw refusal('account-unknown', `account ${spec.name} was removed while it was opened`)
    const same = account.kind === spec.kind && account.asset.code === spec.asset.code && account.asset.scale === spec.asset.scale && account.debitsMayExceedCredits === spec.debitsMayExceedCredits
    if (!same) throw refusal('account-differs', `account ${spec.name} exists with another kind, asset or overdraft rule: choose another name`)
    return account
  }

  async openExchange({ name, asset, linkAccountId }: ExchangeSpec): Promise<Exchange> {
    const link = await this.byId(linkAccountId)
    if (link === undefined) throw refusal('account-unknown', `there is no account ${linkAccountId}`)
    if (link.asset.code === asset.code && link.asset.scale === asset.scale) throw refusal('assets-differ', `${link.name} counts in ${asset.code} at scale ${asset.scale} itself: nothing is exchanged`)
    const side = (of: Account['asset']): Promise<Account> => this.open({ name: `exchange[${name}]@${of.code}/${of.scale}`, kind: 'exchange', asset: of, debitsMayExceedCredits: true })
    const account = await side(asset)
    const farAccount = await side(link.asset)
    await query(this.#postgres, 'insert into ledger.exchanges (account_id, far_account_id, link_account_id) values ($1, $2, $3) on conflict do nothing', [account.id, farAccount.id, link.id])
    const rows = await query(this.#postgres, 'select from ledger.exchanges where account_id = $1 and far_account_id = $2 and link_account_id = $3', [account.id, farAccount.id, link.id])
    if (rows.length === 0) throw refusal('account-differs', `${account.name} exchanges with another link already: choose another name`)
    return { account, farAccount }
  }

  async byId(id: Id<'acct'>): Promise<Account | undefined> {
    const rows = await query<AccountRow>(this.#postgres, `select ${accountColumns} from ledger.accounts where id = $1`, [id])
    return rows[0] && accountOf(rows[0])
  }

  async byName(name: string): Promise<Account | undefined> {
    const rows = await query<AccountRow>(this.#postgres, `select ${accountColumns} from ledger.accounts where name = $1`, [name])
    return rows[0] && accountOf(rows[0])
  }

  async incomesOf(ids: readonly Id<'acct'>[]): Promise<ReadonlyMap<Id<'acct'>, Income>> {
    const rows = await query<{ id: Id<'acct'>; income: bigint; debits_pending: bigint; debits_posted: bigint; credits_posted: bigint }>(this.#postgres,
      `select a.id, a.debits_pending, a.debits_posted, a.credits_posted,
        a.credits_posted - coalesce((select sum(t.amount) from ledger.transfers t where t.credit_account_id = a.id and t.reason in ('payout-return', 'split-return', 'correction')), 0)::int8 as income
        from ledger.accounts a where a.id = any($1)`, [ids])
    return new Map(rows.map(({ id, income, debits_pending: debitsPending, debits_posted: debitsPosted, credits_posted: creditsPosted }) =>
      [id, { total: income, available: creditsPosted - debitsPosted - debitsPending, counters: { debitsPending, debitsPosted, creditsPosted } }]))
  }

  async assetsOf(ids: readonly Id<'acct'>[]): Promise<{ id: Id<'acct'>; asset: string }[]> {
    const rows = await query<{ id: Id<'acct'>; asset: string }>(this.#postgres, `select id, asset_code || ' ' || asset_scale as asset from ledger.accounts where id = any($1)`, [ids])
    return rows
  }

  /** The counters of the row, and the sum over its open streams, in one statement and so of one moment. */
  async balance(id: Id<'acct'>): Promise<Balance> {
    const row = id.includes('\0') ? undefined : await this.#balances.add(id)
    if (row === undefined) throw refusal('account-unknown', `there is no account ${id}`)
    return { posted: row.credits_posted - row.debits_posted, pending: row.debits_pending, accrued: row.accrued, asset: { code: row.asset_code, scale: row.asset_scale } }
  }

  /** What may be held or spent of it now, never below zero. Open streams are not looked at. */
  async available(id: Id<'acct'>): Promise<bigint> {
    const units = id.includes('\0') ? undefined : await this.#availables.add(id)
    if (units === undefined) throw refusal('account-unknown', `there is no account ${id}`)
    return units > 0n ? units : 0n
  }

  async #open(specs: readonly AccountSpec[]): Promise<readonly (Account | undefined)[]> {
    const nowMs = this.#clock.nowMs()
    const names = specs.map(({ name }) => name)
    const opened = await query<AccountRow>(this.#postgres,
      `insert into ledger.accounts (id, name, kind, asset_code, asset_scale, debits_may_exceed_credits, opened_at_ms)
      select id, name, kind, asset_code, asset_scale, may_exceed, $7 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int2[], $6::bool[]) as u(id, name, kind, asset_code, asset_scale, may_exceed)
      order by name on conflict (name) do nothing returning ${accountColumns}`,
      [specs.map(() => newId('acct', nowMs)), names, specs.map(({ kind }) => kind), specs.map(({ asset }) => asset.code), specs.map(({ asset }) => asset.scale), specs.map(({ debitsMayExceedCredits }) => debitsMayExceedCredits), nowMs])
    const found = new Map(opened.map((row) => [row.name, accountOf(row)]))
    const known = names.filter((name) => !found.has(name))
    if (known.length > 0) for (const row of await query<AccountRow>(this.#postgres, `select ${accountColumns} from ledger.accounts where name = any($1)`, [known])) found.set(row.name, accountOf(row))
    return names.map((name) => found.get(name))
  }

  async #readAvailables(ids: readonly Id<'acct'>[]): Promise<readonly (bigint | undefined)[]> {
    await this.#written()
    const rows = await query<{ id: Id<'acct'>; units: bigint }>(this.#postgres, 'select id, credits_posted - debits_posted - debits_pending as units from ledger.accounts where id = any($1)', [ids], 'ledger-available')
    const found = new Map(rows.map(({ id, units }) => [id, units]))
    return ids.map((id) => found.get(id))
  }

  async #readBalances(ids: readonly Id<'acct'>[]): Promise<readonly ((AccountRow & { readonly accrued: bigint }) | undefined)[]> {
    // The ids stand in each part by themselves: joined to the accounts, or to exchanges, parts are planned without knowing how few rows are asked for, and read all streams there are.
    const rows = await query<AccountRow & { accrued: bigint }>(this.#postgres,
      `with exchanging as (
        select account_id, link_account_id as id, 1 as sign from ledger.exchanges where link_account_id = any($1)
        union all select account_id, far_account_id, -1 from ledger.exchanges where far_account_id = any($1)),
      accruing as (
        select credit_account_id as id, total - posted as units from ledger.sending_streams where credit_account_id = any($1) and state <> 'closed'
        union all select debit_account_id, posted - total from ledger.sending_streams where debit_account_id = any($1) and state <> 'closed'
        union all select credit_account_id, total - posted from ledger.receiving_streams where credit_account_id = any($1)
        union all select debit_account_id, posted - total from ledger.receiving_streams where debit_account_id = any($1)
        union all select x.id, x.sign * s.units from exchanging x
          cross join lateral (select link_total - link_posted as units from ledger.sending_streams where credit_account_id = x.account_id and state <> 'closed' offset 0) s
        union all select x.id, x.sign * r.units from exchanging x
          cross join lateral (select link_posted - link_total as units from ledger.receiving_streams where debit_account_id = x.account_id offset 0) r)
      select ${accountColumns}, coalesce(u.units, 0)::int8 as accrued from ledger.accounts left join (select id, sum(units) as units from accruing group by id) u using (id) where id = any($1)`, [ids])
    const found = new Map(rows.map((row) => [row.id, row]))
    return ids.map((id) => found.get(id))
  }
}

export function accountOf(row: AccountRow): Account {
  return {
    id: row.id, name: row.name, kind: row.kind, asset: { code: row.asset_code, scale: row.asset_scale }, debitsMayExceedCredits: row.debits_may_exceed_credits,
    debitsPending: row.debits_pending, debitsPosted: row.debits_posted, creditsPending: row.credits_pending, creditsPosted: row.credits_posted,
  }
}

const accountsCachedMax = 100_000

/** Which asset an account has never changes: looked up once, so that no packet of a wrong account reaches a flush. */
export class AccountCache {
  readonly #store: AccountStore
  readonly #assets = new Map<Id<'acct'>, string>()
  readonly #asked = new Map<string, Promise<void>>()

  constructor(store: AccountStore) {
    this.#store = store
  }

  /** Whether both accounts are known here already and have the same asset. */
  shareAsset(one: Id<'acct'>, other: Id<'acct'>): boolean {
    const asset = this.#assets.get(one)
    return asset !== undefined && asset === this.#assets.get(other)
  }

  /** Throws `account-unknown` or `assets-differ`. Who asks the same while the answer is under way shares it, so that callers go on in their order. */
  requireSameAsset(ids: readonly Id<'acct'>[]): Promise<void> {
    const key = ids.join()
    const asked = this.#asked.get(key)
    if (asked !== undefined) return asked
    const answer = this.#require(ids).finally(() => this.#asked.delete(key))
    this.#asked.set(key, answer)
    return answer
  }

  async #require(ids: readonly Id<'acct'>[]): Promise<void> {
    const missing = ids.filter((id) => !this.#assets.has(id))
    const found = missing.length === 0 ? [] : await this.#store.assetsOf(missing)
    if (this.#assets.size + found.length > accountsCachedMax) this.#assets.clear()
    for (const { id, asset } of found) this.#assets.set(id, asset)
    const assets = ids.map((id) => this.#assets.get(id) ?? found.find((row) => row.id === id)?.asset)
    for (const [index, id] of ids.entries()) if (assets[index] === undefined) throw refusal('account-unknown', `there is no account ${id}`)
    if (new Set(assets).size > 1) throw refusal('assets-differ', `accounts of one posting share one asset, these have ${[...new Set(assets)].join(' and ')}`)
  }
}
