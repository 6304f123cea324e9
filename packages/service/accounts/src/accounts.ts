import type { Action } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import { isId, newId } from '@rivulet/ids'
import type { Account, AccountSpec } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Language, Mails } from '@rivulet/notify'
import { Batches, type Postgres } from '@rivulet/postgres'
import type { Clock, Timer } from '@rivulet/time'
import { z } from 'zod'
import { AccountsStore, anonymousPath, type PersonWithAddressRow, type WalletAddressOfRow, type WalletKeyRow } from './accounts-store.ts'
import { clientKey, parseClientKey, type RegisteredKey } from './client-key.ts'
import type { Entrance } from './entrance.ts'
import { Operators } from './operators/operators.ts'
import { OperatorsStore } from './operators/operators-store.ts'
import { Erasures, type ErasureSteps } from './privacy/erasure.ts'
import type { PersonalData } from './privacy/export.ts'
import { AccountsFault, type NewPerson, type NewWalletAddress, type Person, personName, type Role, roles, type WalletAddress } from './types.ts'
import { checkPath, isPath, pathOfName } from './wallet-address.ts'

const keysMax = 20
const walletAddressesMax = 20
const pathAttemptsMax = 5
const peopleMax = 10_000
const signInsExportedMax = 10_000
const erasingReason = 'this account is being erased, as its owner asked'
/** Every signed request asks for its signer's keys. */
const lookUpsPerBatchMax = 500
const pageMax = 200
const expiredEveryMs = 3_600_000

export interface AccountsOptions {
  readonly postgres: Postgres
  /** Opens an account, idempotent by name: the ledger. */
  readonly ledger: { openAccount(spec: AccountSpec): Promise<Account> }
  readonly clock: Clock
  /** 32 bytes or more; sessions are signed with keys derived from it, one per role. */
  readonly secret: Buffer
  /** The public origin of each role's entrance. */
  readonly entrances: Readonly<Record<Role, { readonly publicUrl: string }>>
  readonly sandbox: boolean
  /** Takes links that confirm an address or lead to a new password. Without it there are none of either. */
  readonly mails?: Pick<Mails, 'post'>
  /** Nobody signs in before the address is confirmed; needs `mails`. Only then does signing up tell nobody who has an account. */
  readonly confirmAddresses?: boolean
  /** Of every new wallet address; EUR at scale 9 unless told. */
  readonly asset?: Asset
  /** So long after one operator has invited another the two are one pair of eyes, ms; a week unless told. */
  readonly boundMs?: number
  /** False for commands: nobody signs in through them, and what serves signing in is not loaded. */
  readonly entrancesOpen?: boolean
  /** Called when a new person has a ledger account and a wallet address. Must be idempotent: after a crash it is called again at the next sign-in. */
  readonly onPersonCreated?: (person: Person) => Promise<void>
}

export interface PeopleAsked {
  readonly role: Role
  /** In the name, the e-mail or the path; or an id. Empty: everybody. */
  readonly text: string
  readonly frozenOnly: boolean
  /** Only those who came before this one. */
  readonly before: string | undefined
  /** At most 200. */
  readonly limit: number
}

export interface PersonListed extends Person {
  readonly createdAtMs: number
}

const boundUsualMs = 7 * 86_400_000

const newPerson = z.object({
  role: z.enum(roles),
  email: z.email().max(254).transform((email) => email.toLowerCase()),
  password: z.string().min(8).max(128),
  name: personName,
  path: z.string().optional(),
  readOnly: z.boolean().default(false),
}).refine(({ role, readOnly }) => !readOnly || role === 'operator', 'only operators can be read-only')

const newWalletAddress = z.object({
  path: z.string(),
  publicName: personName,
  asset: z.object({ code: z.string().regex(/^[A-Z]{3,8}$/, 'must be 3 to 8 capital letters, such as EUR'), scale: z.int().min(1).max(18) }),
})
const keyName = z.string().trim().max(100).regex(/^\P{Cc}*$/u, 'must not hold control characters')

/** People, their ways in, and where money reaches them. State lives in PostgreSQL schema `accounts`. */
export class Accounts implements AsyncDisposable {
  readonly #options: AccountsOptions
  readonly #store: AccountsStore
  readonly #keys: Batches<Id<'wadr'>, readonly RegisteredKey[]>
  readonly #frozen: Batches<Id<'acct'>, boolean>
  readonly #entrances = new Map<Role, Entrance>()
  #cleaning: Timer | undefined
  #cleaned: Promise<void> = Promise.resolve()

  private constructor(options: AccountsOptions) {
    this.#options = options
    this.#store = new AccountsStore(options.postgres)
    this.#keys = new Batches<Id<'wadr'>, readonly RegisteredKey[]>(async (ids) => {
      const rows = Map.groupBy(await this.#store.keys([...new Set(ids)]), (row) => row.wallet_address_id)
      return ids.map((id) => (rows.get(id) ?? []).map(registeredKey))
    }, lookUpsPerBatchMax)
    this.#frozen = new Batches<Id<'acct'>, boolean>(async (ids) => {
      const frozen = await this.#store.frozenAccounts([...new Set(ids)])
      return ids.map((id) => frozen.has(id))
    }, lookUpsPerBatchMax)
  }

  /** Needs `accountsMigrations` applied. */
  static async open(options: AccountsOptions): Promise<Accounts> {
    const accounts = new Accounts(options)
    if (options.entrancesOpen !== false) await accounts.#openEntrances()
    accounts.#clean()
    return accounts
  }

  async #openEntrances(): Promise<void> {
    const { entrances, postgres, clock, secret, sandbox, mails, confirmAddresses } = this.#options
    const { openEntrance } = await import('./entrance.ts')
    for (const role of roles) {
      const entrance = await openEntrance({
        role, postgres, clock, secret, sandbox, mails,
        publicUrl: entrances[role].publicUrl,
        onSignIn: (id, language) => this.#signsIn(id, language),
        onReset: (id) => this.#store.confirmAddress(id),
        confirmAddresses: confirmAddresses === true && mails !== undefined,
        personById: (id) => this.personById(id),
      })
      this.#entrances.set(role, entrance)
    }
  }

  entrance(role: Role): Entrance {
    const entrance = this.#entrances.get(role)
    if (entrance === undefined) throw new AccountsFault('person-invalid', `nobody signs in here as ${role}`)
    return entrance
  }

  /** Throws `person-invalid`, `email-taken`, `path-invalid`, `path-taken`. */
  async createPerson(given: NewPerson): Promise<Person> {
    const spec = checkNewPerson(given)
    if (spec.path !== undefined && (await this.#store.personByPath(spec.path)) !== undefined) throw pathTaken(spec.path)
    const id = await this.#insert(spec)
    if (id === undefined) throw new AccountsFault('email-taken', `there already is a ${spec.role} with the e-mail ${spec.email}`)
    return this.#provision(id, spec.path)
  }

  /** As `createPerson`, but an existing person of this role and e-mail is completed and returned; the password stays as it is. */
  async ensurePerson(given: NewPerson): Promise<Person> {
    const spec = checkNewPerson(given)
    const id = (await this.#store.personByEmail(spec.role, spec.email))?.id ?? (await this.#insert(spec)) ?? (await this.#store.personByEmail(spec.role, spec.email))?.id
    if (id === undefined) throw new AccountsFault('person-unknown', `${spec.email} was deleted meanwhile, try again`)
    return this.#provision(id, spec.path)
  }

  async personById(id: string): Promise<Person | undefined> {
    const row = isId('pers', id) ? await this.#store.personById(id) : undefined
    return row === undefined ? undefined : this.#person(row)
  }

  /** By id, by path of the wallet address, by e-mail or by name, in this order. Throws `person-unknown`, `person-ambiguous`. */
  async personByName(name: string): Promise<Person> {
    const path = name.toLowerCase()
    const direct = isId('pers', name) ? await this.#store.personById(name) : isPath(path) ? await this.#store.personByPath(path) : undefined
    if (direct !== undefined) return this.#person(direct)
    const [only, another] = personName.safeParse(name).success ? await this.#store.peopleByEmailOrName(name) : []
    if (only === undefined) throw new AccountsFault('person-unknown', `no person or wallet address is called ${JSON.stringify(name.slice(0, 100))}`)
    if (another !== undefined) throw new AccountsFault('person-ambiguous', `several people are called ${JSON.stringify(name.slice(0, 100))}: name the path of the wallet address instead`)
    return this.#person(only)
  }

  /** All people of a role, oldest first, at most 10,000. */
  async people(role: Role): Promise<readonly Person[]> {
    return (await this.#store.people(role, peopleMax)).map((row) => this.#person(row))
  }

  /** A page of a role's people, newest first. */
  async search({ role, text, frozenOnly, before, limit }: PeopleAsked): Promise<readonly PersonListed[]> {
    const rows = await this.#store.search({ role, text, frozen: frozenOnly, before, limit: Math.min(limit, pageMax) })
    return rows.map((row) => ({ ...this.#person(row), createdAtMs: row.created_at.getTime() }))
  }

  /**
   * From now on nothing of the person's is spent or paid out, and nobody signs in as her: she is told why there. Streams stop within seconds. What comes in is still credited.
   * @param action what is written down of who did it, in the same transaction. Throws `person-unknown`, `freeze-state`.
   */
  async freeze(id: Id<'pers'>, reason: string, action: Action): Promise<void> {
    await this.#setFrozen(id, { reason }, action)
  }

  /** Throws `person-unknown`, `freeze-state`. */
  async unfreeze(id: Id<'pers'>, action: Action): Promise<void> {
    await this.#setFrozen(id, undefined, action)
  }

  async #setFrozen(id: Id<'pers'>, frozen: { readonly reason: string } | undefined, action: Action): Promise<void> {
    const person = await this.personById(id)
    if (person === undefined || person.role === 'operator') throw new AccountsFault('person-unknown', 'there is no such subscriber or publisher')
    if (!(await this.#store.setFrozen(id, frozen, { action, at: this.#now() }))) throw new AccountsFault('freeze-state', frozen === undefined ? 'this person is not frozen' : 'this person is frozen already')
  }

  /** Who of these is frozen now. */
  async frozenAmong(ids: readonly Id<'pers'>[]): Promise<ReadonlySet<Id<'pers'>>> {
    return new Set(ids.length === 0 ? [] : await this.#store.frozenAmong(ids))
  }

  /** Whether money on this account belongs to a person who is frozen now. */
  isAccountFrozen(accountId: Id<'acct'>): Promise<boolean> {
    return this.#frozen.add(accountId)
  }

  /** Whether `path` may name a wallet address, taken or not: what the servers use themselves may not. */
  isWalletAddressPath(path: string): boolean {
    return isPath(path)
  }

  async walletAddressByPath(path: string): Promise<WalletAddress | undefined> {
    const row = isPath(path) ? await this.#store.addressByPath(path) : undefined
    return row === undefined ? undefined : this.#walletAddress(row)
  }

  /** By its public URL, whose query and fragment must be empty. Undefined for URLs of other servers too. */
  async walletAddressByUrl(url: string): Promise<WalletAddress | undefined> {
    const parsed = URL.parse(url)
    const address = parsed === null ? undefined : await this.walletAddressByPath(parsed.pathname.slice(1).replace(/\/$/, ''))
    return address !== undefined && `${parsed?.origin}${parsed?.pathname.replace(/\/$/, '')}${parsed?.search}${parsed?.hash}` === address.url ? address : undefined
  }

  async walletAddressById(id: Id<'wadr'>): Promise<WalletAddress | undefined> {
    const row = await this.#store.addressById(id)
    return row === undefined ? undefined : this.#walletAddress(row)
  }

  /** The one whose money stands on this account of the ledger. */
  async walletAddressByAccount(accountId: Id<'acct'>): Promise<WalletAddress | undefined> {
    const row = await this.#store.addressByAccount(accountId)
    return row === undefined ? undefined : this.#walletAddress(row)
  }

  /** All of a person, the main one first. */
  async walletAddresses(personId: Id<'pers'>): Promise<readonly WalletAddress[]> {
    return (await this.#store.addressesOf(personId)).map((row) => this.#walletAddress(row))
  }

  /** Opens a further wallet address with a ledger account of its own. Throws `wallet-address-invalid`, `path-invalid`, `path-taken`, `wallet-addresses-too-many`, `person-unknown`. */
  async addWalletAddress(personId: Id<'pers'>, given: NewWalletAddress): Promise<WalletAddress> {
    const parsed = newWalletAddress.safeParse(given)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw new AccountsFault('wallet-address-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
    }
    const { publicName, asset } = parsed.data
    const path = checkPath(parsed.data.path)
    const person = await this.#store.personById(personId)
    if (person === undefined || person.wallet_address_id === null || person.role === 'operator') throw new AccountsFault('person-unknown', `there is nobody ${personId} who can have wallet addresses`)
    if ((await this.#store.addressByPath(path)) !== undefined) throw pathTaken(path)
    const id = newId('wadr', this.#options.clock.nowMs())
    const account = await this.#options.ledger.openAccount({ name: `${person.role}[${id}]`, kind: person.role, asset, debitsMayExceedCredits: false })
    const row = { id, person_id: personId, path, public_name: publicName, asset_code: asset.code, asset_scale: asset.scale, ledger_account_id: account.id, main: false, created_at: this.#now() }
    const result = await this.#store.insertFurtherAddress(row, walletAddressesMax)
    if (result === 'taken') throw pathTaken(path)
    if (result === 'full') throw new AccountsFault('wallet-addresses-too-many', `one person has at most ${walletAddressesMax} wallet addresses`)
    return this.#walletAddress({ ...row, role: person.role })
  }

  /** Changes what counterparties call the address. Throws `wallet-address-invalid`, `wallet-address-unknown` when the person has no such address. */
  async renameWalletAddress(personId: Id<'pers'>, id: Id<'wadr'>, publicName: string): Promise<WalletAddress> {
    const parsed = personName.safeParse(publicName)
    if (!parsed.success) throw new AccountsFault('wallet-address-invalid', `publicName: ${parsed.error.issues[0]?.message ?? ''}`)
    const row = await this.#store.addressById(id)
    if (row?.person_id !== personId) throw new AccountsFault('wallet-address-unknown', 'you have no such wallet address')
    await this.#store.renameAddress(id, parsed.data)
    return this.#walletAddress({ ...row, public_name: parsed.data })
  }

  /**
   * Registers a client's public key, the base64 of an Ed25519 JWK, with a wallet address. Idempotent; the name is that of the first time.
   * Throws `key-invalid`, `key-differs`, `keys-too-many`, `wallet-address-unknown`.
   */
  async addKey(walletAddressId: Id<'wadr'>, base64Jwk: string, name = ''): Promise<RegisteredKey> {
    const { kid, x } = parseClientKey(base64Jwk)
    const named = keyName.safeParse(name)
    if (!named.success) throw new AccountsFault('key-invalid', `name: ${named.error.issues[0]?.message ?? ''}`)
    if ((await this.#store.addressById(walletAddressId)) === undefined) throw new AccountsFault('wallet-address-unknown', `no such wallet address: ${walletAddressId}`)
    const key = { id: newId('key', this.#options.clock.nowMs()), wallet_address_id: walletAddressId, kid, x, name: named.data, created_at: this.#now() }
    const result = await this.#store.insertKey(key, keysMax)
    if (result === 'full') throw new AccountsFault('keys-too-many', `a wallet address has at most ${keysMax} keys: revoke one that is no longer used`)
    if (result === 'inserted') return registeredKey(key)
    if (result.x !== x) throw new AccountsFault('key-differs', `another key is registered as ${JSON.stringify(kid)}: give this one another kid`)
    return registeredKey(result)
  }

  async keysOf(walletAddressId: Id<'wadr'>): Promise<readonly RegisteredKey[]> {
    return this.#keys.add(walletAddressId)
  }

  /** The key signs for the wallet address no more, from the next request on. Throws `key-unknown` when the person has no such key. */
  async revokeKey(personId: Id<'pers'>, id: Id<'key'>): Promise<void> {
    if (!(await this.#store.deleteKey(personId, id))) throw new AccountsFault('key-unknown', 'you have no such key: it may have been revoked already')
  }

  /** Who runs this installation. */
  operators(): Operators {
    const { postgres, clock, mails, boundMs = boundUsualMs } = this.#options
    return new Operators({ store: new OperatorsStore(postgres), clock, hashPassword, boundMs, ...(mails !== undefined && { invite: (email) => this.entrance('operator').invite(email) }) })
  }

  /** What is kept of a person here, for who asks what that is: wallet addresses, the public keys of their clients, passkeys, and sign-ins. */
  personalData(): readonly PersonalData[] {
    const store = this.#store
    return [
      { name: 'walletAddresses', read: async ({ id }) => (await this.walletAddresses(id)).map(({ url, publicName, asset }) => ({ url, publicName, assetCode: asset.code, assetScale: asset.scale })) },
      { name: 'keys', read: async ({ id }) => (await store.keys((await store.addressesOf(id)).map((address) => address.id))).map(registeredKey) },
      { name: 'passkeys', read: ({ id, role }) => this.entrance(role).passkeys(id) },
      { name: 'signIns', read: async ({ id }) => (await store.signInsKept(id, signInsExportedMax)).map(({ created_at, seen_at, expires_at, ip_address, user_agent }) => ({ since: created_at, seen: seen_at, until: expires_at, address: ip_address, browser: user_agent })) },
    ]
  }

  /** Durable when it resolves: she is out everywhere and nothing of hers is spent. `erasures` does the rest. False when she had asked before. */
  async beginErasure(id: Id<'pers'>): Promise<boolean> {
    const { mails, entrances } = this.#options
    const person = await this.personById(id)
    const begun = await this.#store.beginErasure(id, this.#now(), erasingReason)
    if (begun && person !== undefined) await mails?.post({ key: `erased/${id}`, to: person.email, language: person.language, template: 'account-erased', fields: { url: `${new URL(entrances[person.role].publicUrl).origin}/about` } })
    return begun
  }

  /** Works through who asked to be forgotten, once started. */
  erasures({ log, ...steps }: ErasureSteps & { readonly log: { warn(about: object, message: string): void } }): Erasures {
    const leavingOf = async (id: Id<'pers'>) => ({
      id,
      addresses: (await this.walletAddresses(id)).map(({ id: addressId, url, ledgerAccountId, role }) => ({ id: addressId, url, ledgerAccountId, anonymousUrl: new URL(`/${anonymousPath(addressId)}`, this.#options.entrances[role].publicUrl).href })),
    })
    return new Erasures({ ...steps, log, clock: this.#options.clock, store: this.#store, leavingOf })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cleaning?.cancel()
    await this.#cleaned
  }

  #now(): Date {
    return new Date(this.#options.clock.nowMs())
  }

  async #insert(spec: z.output<typeof newPerson>): Promise<Id<'pers'> | undefined> {
    const id = newId('pers', this.#options.clock.nowMs())
    const inserted = await this.#store.insertPerson({ id, role: spec.role, email: spec.email, name: spec.name, passwordHash: await hashPassword(spec.password), readOnly: spec.readOnly, at: this.#now() })
    return inserted ? id : undefined
  }

  async #signsIn(personId: string, language: Language): Promise<void> {
    if (!isId('pers', personId)) return
    const frozen = (await this.personById(personId))?.frozen
    if (frozen !== undefined) throw new AccountsFault('person-frozen', frozen.reason)
    await this.#store.setLanguage(personId, language)
    await this.#provision(personId, undefined)
  }

  /**
   * Gives a person the ledger account, the wallet address and whatever the house adds, each step idempotent. Runs at each sign-in until it has
   * succeeded once: signing up alone does no more work than for an e-mail that is known, and a crash in between leaves nothing half done for good.
   */
  async #provision(id: Id<'pers'>, path: string | undefined): Promise<Person> {
    const row = await this.#store.personById(id)
    if (row === undefined) throw new AccountsFault('person-unknown', `no such person: ${id}`)
    if (row.provisioned_at !== null) return this.#person(row)
    if (row.role !== 'operator' && row.wallet_address_id === null) {
      const { role } = row
      const asset = this.#options.asset ?? { code: 'EUR', scale: 9 }
      const account = await this.#options.ledger.openAccount({ name: `${role}[${id}]`, kind: role, asset, debitsMayExceedCredits: false })
      await this.#insertWalletAddress(row, account, path)
    }
    const person = await this.personById(id)
    if (person === undefined) throw new AccountsFault('person-unknown', `no such person: ${id}`)
    await this.#options.onPersonCreated?.(person)
    await this.#store.markProvisioned(id, this.#now())
    return person
  }

  async #insertWalletAddress(person: PersonWithAddressRow, account: Account, wanted: string | undefined): Promise<void> {
    const first = wanted ?? pathOfName(person.name)
    for (let attempt = 0, path = first; attempt < pathAttemptsMax; attempt += 1) {
      const id = newId('wadr', this.#options.clock.nowMs())
      const { code, scale } = account.asset
      const inserted = await this.#store.insertWalletAddress({
        id, person_id: person.id, path, public_name: person.name, asset_code: code, asset_scale: scale, ledger_account_id: account.id, main: true, created_at: this.#now(),
      })
      if (inserted || (await this.#store.personById(person.id))?.wallet_address_id !== null) return
      if (wanted !== undefined) break
      path = `${first}-${id.slice(-6)}`
    }
    throw pathTaken(first)
  }

  #person(row: PersonWithAddressRow): Person {
    const { id, role, name, email, language, frozen_at, frozen_reason, read_only } = row
    const readOnly = read_only ? { readOnly: true } : {}
    const frozen = frozen_at === null ? {} : { frozen: { sinceMs: frozen_at.getTime(), reason: frozen_reason ?? '' } }
    const { wallet_address_id, path, public_name, asset_code, asset_scale, ledger_account_id } = row
    if (wallet_address_id === null || path === null || public_name === null || asset_code === null || asset_scale === null || ledger_account_id === null) {
      return { id, role, name, email, language, ...readOnly, ...frozen, walletAddress: undefined }
    }
    return { id, role, name, email, language, ...readOnly, ...frozen, walletAddress: this.#walletAddress({ id: wallet_address_id, person_id: id, role, path, public_name, asset_code, asset_scale, ledger_account_id, main: true }) }
  }

  #walletAddress(row: Omit<WalletAddressOfRow, 'created_at'>): WalletAddress {
    const { id, person_id: personId, role, path, public_name: publicName, asset_code: code, asset_scale: scale, ledger_account_id: ledgerAccountId, main } = row
    return { id, personId, role, path, url: new URL(`/${path}`, this.#options.entrances[role].publicUrl).href, publicName, asset: { code, scale }, ledgerAccountId, main }
  }

  /** Deletes what has expired now and every hour; a failure waits for the next hour. */
  #clean(): void {
    this.#cleaned = this.#store.deleteExpired(this.#now()).catch(() => {})
    this.#cleaning = this.#options.clock.after(expiredEveryMs, () => this.#clean(), { background: true })
  }
}

/** As signing up does it. */
async function hashPassword(password: string): Promise<string> {
  return (await import('better-auth/crypto')).hashPassword(password)
}

function checkNewPerson(given: NewPerson): z.output<typeof newPerson> {
  const parsed = newPerson.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new AccountsFault('person-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`)
  }
  if (parsed.data.path !== undefined) checkPath(parsed.data.path)
  return parsed.data
}

function registeredKey({ id, kid, x, name, created_at }: WalletKeyRow): RegisteredKey {
  return { ...clientKey(kid, x), id, name, createdAtMs: created_at.getTime() }
}

function pathTaken(path: string): AccountsFault {
  return new AccountsFault('path-taken', `the wallet address ${path} is taken, choose another`)
}
