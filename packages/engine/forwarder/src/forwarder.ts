import { Fault, messageOf } from '@rivulet/faults'
import { ErrorCode, ildcpFulfill, isIldcpRequest, type Link, LinkFault, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { LinkLog } from '@rivulet/links'
import { type Asset, amountMax } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import { Exposures } from './exposures.ts'
import type { Peer, PeerSpec } from './peer.ts'
import { Routes } from './routes.ts'
import { attempt, type LocalHandler, type Next } from './rule.ts'
import { packetRules } from './rules.ts'
import { holdMsMax } from './rules/expiry.ts'
import type { RateOf } from './rules/rate.ts'

export interface ForwarderOptions {
  /** Our own ILP address. */
  readonly address: string
  readonly clock: Clock
  readonly log: LinkLog
  /** Exchange between different currencies; only scales of the same currency are exchanged unless told. */
  readonly rateOf?: RateOf
  /** How much earlier than the incoming packet the outgoing one expires, 1,000 unless told. */
  readonly expiryMarginMs?: number
}

const unlimited = { packetAmountMax: amountMax, packetsPerSecondMax: Number.MAX_SAFE_INTEGER, packetsBurstMax: Number.MAX_SAFE_INTEGER, owedMax: amountMax }

/** The hop (design section 3, hop 6): takes packets from peers and from this process, and sends each through the packet rules to whom its address names. */
export class Forwarder {
  readonly #clock: Clock
  readonly #log: LinkLog
  readonly #address: string
  readonly #exposures: Exposures
  readonly #routes = new Routes()
  readonly #peers = new Map<string, Peer>()
  readonly #rules: Next

  constructor(options: ForwarderOptions) {
    const { address, clock, log } = options
    this.#clock = clock
    this.#log = log
    this.#address = address
    this.#exposures = new Exposures((peer, error) => log.warn({ peer: peer.id, error: messageOf(error) }, 'settlement failed, the units are owed again'))
    this.#rules = packetRules({ address, clock, exposures: this.#exposures, expiryMarginMs: options.expiryMarginMs ?? 1_000, rateOf: options.rateOf ?? (() => undefined) })
    this.local('peer.config', (prepare, from) => Promise.resolve(this.#configure(prepare, from)))
  }

  /** Takes packets from the peer's link from now on, and routes the peer's own address to it. Throws Fault `peer-known`, `prefix-taken`, `prefix-invalid`. */
  addPeer(spec: PeerSpec): Peer {
    if (this.#peers.has(spec.id)) throw new Fault('peer-known', `there already is a peer ${spec.id}; remove it first`)
    const peer: Peer = { ...spec }
    this.#routes.add(spec.address, { kind: 'peer', peer })
    this.#peers.set(spec.id, peer)
    spec.link.receive((prepare) => this.#answer(prepare, peer))
    return peer
  }

  /** Other limits, or a pause, from the next packet on. Throws Fault `peer-unknown`. */
  changePeer(id: string, change: Pick<PeerSpec, 'limits' | 'paused'>): void {
    Object.assign(this.#peer(id), change)
  }

  /** Packets of the peer and to it are refused from now on; those in flight end as they may. */
  removePeer(id: string): void {
    this.#peers.delete(id)
    this.#routes.removePeer(id)
  }

  /** Sends what lies below `prefix` to the peer; the longest prefix wins. Throws Fault `peer-unknown`, `prefix-taken`, `prefix-invalid`. */
  addRoute(prefix: string, peerId: string): void {
    this.#routes.add(prefix, { kind: 'peer', peer: this.#peer(peerId) })
  }

  /** The peer to whom the longest prefix of `destination` leads, if any does. */
  peerFor(destination: string): string | undefined {
    const target = this.#routes.find(destination)
    return target?.kind === 'peer' ? target.peer.id : undefined
  }

  /** Packets below `prefix` end here, in `handler`. Throws Fault `prefix-taken`, `prefix-invalid`. */
  local(prefix: string, handler: LocalHandler): void {
    this.#routes.add(prefix, { kind: 'local', handler })
  }

  removeRoute(prefix: string): void {
    this.#routes.remove(prefix)
  }

  /**
   * The link by which a role of this process sends: through the same rules as any peer's packets, as the peer `local`. `send` throws LinkFault `no-answer` when the
   * outcome is unknown.
   */
  sender(asset: Asset): Link {
    const from: Peer = { id: 'local', address: this.#address, asset, link: undefined, limits: unlimited }
    return { send: (prepare, late) => attempt({ prepare, from, to: this.#routes.find(prepare.destination), late }, this.#rules) }
  }

  /** The link by which this process sends to one peer, in units of its asset, whatever the routes say; through the same rules. `send` as of `sender`. */
  senderTo(peerId: string): Link {
    const { asset } = this.#peer(peerId)
    const from: Peer = { id: 'local', address: this.#address, asset, link: undefined, limits: unlimited }
    return {
      send: async (prepare, late) => {
        const peer = this.#peers.get(peerId)
        return peer === undefined ? reject(ErrorCode.peerUnreachable, this.#address, `${peerId} is no peer any more`) : this.#rules({ prepare, from, to: { kind: 'peer', peer }, late })
      },
    }
  }

  /** Units of its asset that the peer owes us, negative when we owe it: since this process started, less what was settled. */
  owedBy(peerId: string): bigint {
    return this.#exposures.owedBy(this.#peer(peerId))
  }

  /** The peer has paid us `units` of its asset outside of ILP. */
  settled(peerId: string, units: bigint): void {
    this.#exposures.reduce(this.#peer(peerId), units)
  }

  #peer(id: string): Peer {
    const peer = this.#peers.get(id)
    if (peer === undefined) throw new Fault('peer-unknown', `there is no peer ${id}; add it first`)
    return peer
  }

  #answer(prepare: Prepare, from: Peer): Promise<Reply> {
    if (this.#peers.get(from.id) !== from) return Promise.resolve(reject(ErrorCode.peerUnreachable, this.#address, `${from.id} is no peer any more`))
    const heldUntilMs = Math.min(prepare.expiresAtMs, this.#clock.nowMs() + holdMsMax)
    return attempt({ prepare, from, to: this.#routes.find(prepare.destination) }, this.#rules).catch((error: unknown) => this.#unanswered(error, from, heldUntilMs))
  }

  async #unanswered(error: unknown, from: Peer, heldUntilMs: number): Promise<Reply> {
    if (error instanceof LinkFault) {
      // The next hop may hold a valid preimage until the packet has expired: a Reject before that could cost us the amount.
      await this.#clock.sleep(Math.max(0, heldUntilMs - this.#clock.nowMs()))
      return reject(ErrorCode.transferTimedOut, this.#address, 'the next hop gave no answer before the packet expired')
    }
    this.#log.error({ peer: from.id, error }, 'a packet rule or a local handler threw')
    return reject(ErrorCode.internalError, this.#address, 'the packet could not be handled')
  }

  #configure(prepare: Prepare, from: Peer): Reply {
    if (!isIldcpRequest(prepare)) return reject(ErrorCode.unreachable, this.#address, 'nothing lies below peer.config')
    return ildcpFulfill({ clientAddress: from.address, assetCode: from.asset.code, assetScale: from.asset.scale })
  }
}
