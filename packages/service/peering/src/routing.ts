import type { RateOf, Forwarder } from '@rivulet/forwarder'
import type { Id } from '@rivulet/ids'
import type { Link } from '@rivulet/ilp'
import type { Ledger } from '@rivulet/ledger'
import type { DuplexLink, LinkLog } from '@rivulet/links'
import type { Asset, Ratio } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { exchangesOf } from './exchanges.ts'
import { PeeringFault } from './fault.ts'
import { Follower } from './follower.ts'
import { PeerStore } from './peer-store.ts'
import type { Rates } from './rates.ts'

/** How a wallet pays what lies behind one address. */
export interface OutgoingRoute {
  readonly link: Link
  /** Of the ledger: the peer's `link[..]` account, or that of an exchange with it. */
  readonly creditAccountId: Id<'acct'>
  /** Where the link counts in another asset than the payer: units of the link for one of the payer's, now; undefined while no rate is known. */
  readonly linkRate?: (() => Ratio | undefined) | undefined
  /** The pace that the peer can take, all streams of this process together. */
  readonly packetsPerSecondMax?: number | undefined
}

/** What a wallet asks before it pays. */
export interface Routing {
  /** The way to an ILP address for a payer who counts in `asset`. Throws PeeringFault `no-route`. */
  to(destination: string, asset: Asset): Promise<OutgoingRoute>
  /** Destination units for one source unit, now; undefined when no rate is known. */
  readonly rateOf: RateOf
  /** Part of a rate that may be lost on the way. */
  readonly slippage: Ratio
}

export interface RoutingOptions {
  /** With `peeringMigrations` applied. */
  readonly postgres: Postgres
  readonly ledger: Pick<Ledger, 'openExchange'>
  readonly clock: Clock
  readonly log: LinkLog
  /** Of the wallet. Its peer `receiver` is our own receiving role. */
  readonly forwarder: Forwarder
  readonly rates: Rates
  readonly slippage: Ratio
  /** Our own receiving role, in the asset of the installation. */
  readonly own: { readonly asset: Asset; readonly linkAccountId: Id<'acct'> }
  /** Opens the way to a peer through the receiving role, which holds its link. */
  readonly relayTo: (peerName: string) => DuplexLink & AsyncDisposable
}

/** The wallet's part: which peer leads to an address, which accounts pay it, and at what rate. */
export async function openRouting(options: RoutingOptions): Promise<Routing & AsyncDisposable> {
  const { postgres, ledger, clock, log, forwarder, rates, slippage, own, relayTo } = options
  const follower = new Follower({
    store: new PeerStore(postgres), forwarder, clock, log,
    open: ({ name }) => {
      const link = relayTo(name)
      return { link, [Symbol.asyncDispose]: () => link[Symbol.asyncDispose]() }
    },
  })
  await follower.start()
  const exchangeAccount = exchangesOf(ledger)
  const ownRoute: OutgoingRoute = { link: forwarder.sender(own.asset), creditAccountId: own.linkAccountId }
  // Streams share a peer's pace as long as they share its link.
  const links = new Map<string, Link>()
  const linkTo = (name: string): Link => {
    const link = links.get(name) ?? forwarder.senderTo(name)
    links.set(name, link)
    return link
  }
  return {
    rateOf: rates.rateOf,
    slippage,
    async to(destination, asset) {
      const name = forwarder.peerFor(destination)
      if (name === 'receiver') {
        if (asset.code === own.asset.code && asset.scale === own.asset.scale) return ownRoute
        const exchange = { name: 'receiver@wallet', linkAccountId: own.linkAccountId }
        return { link: ownRoute.link, creditAccountId: await exchangeAccount(exchange, asset), linkRate: () => rates.rateOf(asset, own.asset) }
      }
      const peer = name === undefined ? undefined : follower.named(name)
      if (peer === undefined) throw new PeeringFault('no-route', `no peer leads to ${destination}: the operator can add one`)
      const pace = { packetsPerSecondMax: peer.limits.outgoingPacketsPerSecondMax ?? undefined }
      if (peer.asset.code === asset.code && peer.asset.scale === asset.scale) return { link: linkTo(peer.name), creditAccountId: peer.linkAccountId, ...pace }
      return { link: linkTo(peer.name), creditAccountId: await exchangeAccount(peer, asset), linkRate: () => rates.rateOf(asset, peer.asset), ...pace }
    },
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  }
}
