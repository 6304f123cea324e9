import { messageOf } from '@rivulet/faults'
import type { CreditLine, Forwarder, PeerLimits } from '@rivulet/forwarder'
import type { DuplexLink, LinkLog } from '@rivulet/links'
import type { Clock, Timer } from '@rivulet/time'
import type { Peer, StoredLimits } from './peer.ts'
import type { PeerStore } from './peer-store.ts'

/** The end of a peer that one process holds. */
export interface Held extends AsyncDisposable {
  readonly link: DuplexLink
  readonly credit?: CreditLine
  /** The limits are others now. */
  changed?(): void
  /** Called at every look. */
  report?(): Promise<void>
  /** Whether it stands now; absent where nothing stands between two packets. */
  isUp?(): boolean
}

export interface FollowerOptions {
  readonly store: Pick<PeerStore, 'all'>
  readonly forwarder: Forwarder
  readonly clock: Clock
  readonly log: LinkLog
  /** Opens this process's end of a peer; a failure is logged and tried again. */
  readonly open: (peer: Peer) => Held
}

/** Well within the 5 s in which changes are followed. */
const lookEveryMs = 2_000
/** A report of a process has room for so many. */
const linksToldMax = 200

/** Keeps the forwarder of one process in step with the peers in the database: added, changed, paused, removed. */
export class Follower implements AsyncDisposable {
  readonly #options: FollowerOptions
  readonly #known = new Map<string, { peer: Peer; readonly held: Held }>()
  #timer: Timer | undefined
  #looking: Promise<void> | undefined
  #stopped = false

  constructor(options: FollowerOptions) {
    this.#options = options
  }

  /** Throws when the peers cannot be read the first time. */
  async start(): Promise<void> {
    await this.look()
    this.#schedule()
  }

  /** The peer of this name, as last read. */
  named(name: string): Peer | undefined {
    return this.#known.get(name)?.peer
  }

  /** The links of peers that are not paused, where a link stands; of at most 200 peers. */
  links(): readonly { readonly peer: string; readonly up: boolean }[] {
    return [...this.#known].slice(0, linksToldMax).flatMap(([name, { peer, held }]) => (peer.state === 'paused' || held.isUp === undefined ? [] : [{ peer: name, up: held.isUp() }]))
  }

  /** Reads the peers now. */
  async look(): Promise<void> {
    const peers = new Map((await this.#options.store.all()).map((peer) => [peer.name, peer]))
    for (const [name, { peer }] of this.#known) if (peers.get(name)?.id !== peer.id) await this.#end(name)
    for (const peer of peers.values()) this.#follow(peer)
    for (const { held } of this.#known.values()) await held.report?.()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#looking
    await Promise.all([...this.#known.keys()].map((name) => this.#end(name)))
  }

  #follow(peer: Peer): void {
    const { forwarder, log, open } = this.#options
    const known = this.#known.get(peer.name)
    if (known !== undefined) {
      if (known.peer.changedAtMs === peer.changedAtMs) return
      forwarder.changePeer(peer.name, { limits: limitsOf(peer.limits), paused: peer.state === 'paused' })
      known.peer = peer
      known.held.changed?.()
      return
    }
    try {
      const held = open(peer)
      this.#known.set(peer.name, { peer, held })
      forwarder.addPeer({
        id: peer.name, address: peer.address, asset: peer.asset, link: held.link, linkAccountId: peer.linkAccountId, limits: limitsOf(peer.limits), external: true, paused: peer.state === 'paused',
        ...(held.credit !== undefined && { credit: held.credit }),
      })
      for (const prefix of peer.prefixes) if (prefix !== peer.address) forwarder.addRoute(prefix, peer.name)
      log.info({ peer: peer.name, kind: peer.link.kind }, 'a peer is followed')
    } catch (error) {
      log.error({ peer: peer.name, error: messageOf(error) }, 'a peer cannot be followed: remove it and add it anew')
    }
  }

  async #end(name: string): Promise<void> {
    const known = this.#known.get(name)
    if (known === undefined) return
    this.#known.delete(name)
    this.#options.forwarder.removePeer(name)
    await known.held[Symbol.asyncDispose]()
    this.#options.log.info({ peer: name }, 'a peer is followed no more')
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#looking = this.look()
        .catch((error: unknown) => this.#options.log.warn({ error: messageOf(error) }, 'the peers could not be read, the last known are served'))
        .finally(() => {
          if (!this.#stopped) this.#schedule()
        })
    }, { background: true })
  }
}

function limitsOf({ packetAmountMax, packetsPerSecondMax, packetsBurstMax, outgoingPacketsPerSecondMax, owedMax }: StoredLimits): PeerLimits {
  return { packetAmountMax, packetsPerSecondMax, packetsBurstMax, owedMax, ...(outgoingPacketsPerSecondMax !== null && { outgoingPacketsPerSecondMax }) }
}
