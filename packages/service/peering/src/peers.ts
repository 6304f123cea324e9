import { hash } from 'node:crypto'
import type { Action, AuditLog } from '@rivulet/audit'
import { isFault } from '@rivulet/faults'
import { newId, newSecret, type Seal } from '@rivulet/ids'
import type { Ledger, Transfer } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { z } from 'zod'
import { PeeringFault } from './fault.ts'
import { defaultLimits, limitsChange, newPeer, newSettlement, type Peer, type StoredLink } from './peer.ts'
import { PeerStore } from './peer-store.ts'

export interface PeersOptions {
  /** With `peeringMigrations` applied. */
  readonly postgres: Postgres
  readonly ledger: Pick<Ledger, 'openAccount' | 'balance' | 'transfer'>
  readonly clock: Clock
  readonly audit: Pick<AuditLog, 'around'>
  /** Seals the tokens that we say to peers. */
  readonly seal: Seal
  /** Our own ILP address: peers without one get one below it. */
  readonly ilpAddress: string
  /** http and ws carry tokens in the clear: only the sandbox takes them. */
  readonly allowLocal: boolean
}

/** Says who does it, for what is written down: `undefined` writes nothing. */
export type Operator = (action: Omit<Action, 'operator'>) => Action | undefined

const nobody: Operator = () => undefined

/** A peer as operators see it, ready for JSON. Amounts are units of the link's asset, decimal strings. */
export interface PeerView {
  readonly id: string
  readonly name: string
  readonly state: Peer['state']
  readonly link: { readonly kind: StoredLink['kind']; readonly url?: string }
  readonly address: string
  /** Its `link[..]` account in the ledger. */
  readonly accountId: string
  readonly prefixes: readonly string[]
  readonly asset: Asset
  readonly limits: {
    readonly packetAmountMax: string
    readonly packetsPerSecondMax: number
    readonly packetsBurstMax: number
    readonly outgoingPacketsPerSecondMax: number | null
    readonly owedMax: string
    readonly settlementThreshold: string | null
  }
  /** One of the two is 0. `leased` may be owed on top without asking again. */
  readonly balance: { readonly owedToUs: string; readonly owedToPeer: string; readonly leased: string }
  /** What we should pay now: all that we owe, once it reaches the threshold. */
  readonly settlementDue: string
}

/** Where the operator's command and the operator's page change peers. Running processes follow within 5 s. */
export class Peers {
  readonly #options: PeersOptions
  readonly #store: PeerStore

  constructor(options: PeersOptions) {
    this.#options = options
    this.#store = new PeerStore(options.postgres)
  }

  /**
   * Adds a peer. `incomingToken` is what the peer must say to us; it is kept hashed and told this once. Throws PeeringFault `peer-invalid`, `peer-known`, `prefix-taken`, `token-taken`,
   * `url-insecure`, `peers-too-many`.
   */
  async add(given: unknown, operator: Operator = nobody): Promise<{ readonly peer: PeerView; readonly incomingToken: string | undefined }> {
    const spec = parse(newPeer, given)
    const { ledger, clock, seal, ilpAddress, allowLocal } = this.#options
    const { name, asset } = spec
    if ('url' in spec.link && !allowLocal && !/^(https|wss):/.test(spec.link.url)) throw new PeeringFault('url-insecure', `${spec.link.url} carries the token in the clear: use https or wss`)
    const incomingToken = spec.link.kind === 'btp-client' ? undefined : (spec.link.incomingToken ?? newSecret())
    const address = spec.address ?? `${ilpAddress}.${name}`
    const prefixes = [...new Set([address, ...spec.prefixes])].toSorted()
    const ours = prefixes.find((prefix) => [`${ilpAddress}.wallet`, `${ilpAddress}.receiver`].some((own) => `${own}.`.startsWith(`${prefix}.`) || prefix.startsWith(`${own}.`)))
    if (ours !== undefined) throw new PeeringFault('prefix-taken', `${ours} holds addresses of our own or lies below them: name what lies beyond the peer`)
    let linkAccountId: Peer['linkAccountId']
    try {
      linkAccountId = (await ledger.openAccount({ name: `link[${name}]`, kind: 'link', asset, debitsMayExceedCredits: true })).id
    } catch (error) {
      if (!isFault(error, 'account-differs')) throw error
      throw new PeeringFault('peer-known', `a peer ${name} once had another asset, and its account stays: choose another name`, { cause: error })
    }
    const id = newId('peer', clock.nowMs())
    const limits = { ...defaultLimits(asset), ...withoutUndefined(spec.limits) }
    await this.#store.insert({ id, name, state: 'active', address, prefixes, asset, link: storedLink(spec.link, { seal, id, incomingToken }), limits, linkAccountId, changedAtMs: clock.nowMs() }, operator({ name: 'peer.add', subject: name }))
    return { peer: await this.view(id), incomingToken }
  }

  async list(): Promise<readonly PeerView[]> {
    const [peers, leased] = await Promise.all([this.#store.all(), this.#store.leasedUnits(this.#options.clock.nowMs())])
    return Promise.all(peers.map((peer) => this.#viewOf(peer, leased.get(peer.id) ?? 0n)))
  }

  /** Throws `peer-unknown`. */
  async view(nameOrId: string): Promise<PeerView> {
    const [peer, leased] = await Promise.all([this.#store.get(nameOrId), this.#store.leasedUnits(this.#options.clock.nowMs())])
    return this.#viewOf(peer, leased.get(peer.id) ?? 0n)
  }

  /** Changes the limits that are named. Throws `peer-unknown`, `peer-invalid`. */
  async limit(nameOrId: string, given: unknown, operator: Operator = nobody): Promise<PeerView> {
    const change = withoutUndefined(parse(limitsChange, given))
    const peer = await this.#store.get(nameOrId)
    await this.#store.changeLimits(peer.id, { ...peer.limits, ...change }, { nowMs: this.#options.clock.nowMs(), action: operator({ name: 'peer.limit', subject: peer.name, detail: Object.fromEntries(Object.entries(change).map(([name, value]) => [name, String(value)])) }) })
    return this.view(peer.id)
  }

  /** Nothing is taken from it nor sent to it until it is resumed. Throws `peer-unknown`. */
  async pause(nameOrId: string, operator: Operator = nobody): Promise<PeerView> {
    return this.#setState(nameOrId, 'paused', operator)
  }

  async resume(nameOrId: string, operator: Operator = nobody): Promise<PeerView> {
    return this.#setState(nameOrId, 'active', operator)
  }

  /** Its link and routes end; its account and what stands on it stay. Returns it as it was last. Throws `peer-unknown`. */
  async remove(nameOrId: string, operator: Operator = nobody): Promise<PeerView> {
    const last = await this.view(nameOrId)
    const { id } = await this.#store.get(nameOrId)
    await this.#store.setState(id, 'removed', { nowMs: this.#options.clock.nowMs(), action: operator({ name: 'peer.remove', subject: last.name }) })
    return last
  }

  /**
   * Books a payment outside of ILP: what we paid to the peer, or what it paid to us, over the bank. Idempotent by key. Throws `peer-unknown`, `peer-invalid`, and the ledger's `key-reused`
   * when the key stands for another payment.
   */
  async settle(nameOrId: string, given: unknown, operator: Operator = nobody): Promise<{ readonly transfer: Pick<Transfer, 'id' | 'key' | 'postedAtMs'>; readonly peer: PeerView }> {
    const { key, direction, amount } = parse(newSettlement, given)
    const { name, asset, linkAccountId, id } = await this.#store.get(nameOrId)
    const bank = await this.#options.ledger.openAccount({ name: `bank[${asset.code}/${asset.scale}]`, kind: 'bank', asset, debitsMayExceedCredits: true })
    const [debitAccountId, creditAccountId] = direction === 'paid' ? [linkAccountId, bank.id] : [bank.id, linkAccountId]
    const { ledger, audit, clock } = this.#options
    const book = (): Promise<Transfer> => ledger.transfer({ key: `settlement:${name}:${key}`, debitAccountId, creditAccountId, amount, reason: 'settlement' })
    const action = operator({ name: 'peer.settle', subject: name, detail: { key, direction, amount: String(amount) } })
    const transfer = await (action === undefined ? book() : audit.around(action, () => clock.nowMs(), book))
    return { transfer: { id: transfer.id, key, postedAtMs: transfer.postedAtMs }, peer: await this.view(id) }
  }

  async #setState(nameOrId: string, state: 'active' | 'paused', operator: Operator): Promise<PeerView> {
    const { id, name } = await this.#store.get(nameOrId)
    await this.#store.setState(id, state, { nowMs: this.#options.clock.nowMs(), action: operator({ name: state === 'paused' ? 'peer.pause' : 'peer.resume', subject: name }) })
    return this.view(id)
  }

  async #viewOf(peer: Peer, leased: bigint): Promise<PeerView> {
    const { posted, accrued } = await this.#options.ledger.balance(peer.linkAccountId)
    const owedToPeer = posted + accrued
    const { packetAmountMax, owedMax, settlementThreshold } = peer.limits
    const due = settlementThreshold !== null && owedToPeer >= settlementThreshold ? owedToPeer : 0n
    const { id, name, state, address, prefixes, asset, link } = peer
    return {
      id, name, state, accountId: peer.linkAccountId, link: { kind: link.kind, ...('url' in link && { url: link.url }) }, address, prefixes, asset,
      limits: { ...peer.limits, packetAmountMax: String(packetAmountMax), owedMax: String(owedMax), settlementThreshold: settlementThreshold === null ? null : String(settlementThreshold) },
      balance: { owedToUs: String(owedToPeer < 0n ? -owedToPeer : 0n), owedToPeer: String(owedToPeer > 0n ? owedToPeer : 0n), leased: String(leased) },
      settlementDue: String(due),
    }
  }
}

function parse<Output>(schema: z.ZodType<Output>, given: unknown): Output {
  const result = schema.safeParse(given)
  if (result.success) return result.data
  throw new PeeringFault('peer-invalid', result.error.issues.map(({ path, message }) => `${path.length === 0 ? '' : `${path.join('.')}: `}${message}`).join('; '))
}

function storedLink(link: z.infer<typeof newPeer>['link'], { seal, id, incomingToken }: { readonly seal: Seal; readonly id: string; readonly incomingToken: string | undefined }): StoredLink {
  const incomingTokenHash = hash('sha256', incomingToken ?? '', 'buffer')
  switch (link.kind) {
    case 'btp-client':
      return { kind: 'btp-client', url: link.url, tokenSealed: seal.seal(Buffer.from(link.token), id) }
    case 'btp-server':
      return { kind: 'btp-server', incomingTokenHash }
    case 'http':
      return { kind: 'http', url: link.url, tokenSealed: seal.seal(Buffer.from(link.token), id), incomingTokenHash }
  }
}

type Told<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> }

function withoutUndefined<Fields extends object>(fields: Fields): Told<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Told<Fields>
}
