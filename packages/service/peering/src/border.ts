import { hkdfSync } from 'node:crypto'
import { assert } from '@rivulet/faults'
import type { Forwarder } from '@rivulet/forwarder'
import { type Id, newId, type Seal } from '@rivulet/ids'
import { ErrorCode, LinkFault, type PacketHandler, reject } from '@rivulet/ilp'
import type { Ledger } from '@rivulet/ledger'
import { BtpClient, type BtpServer, type DuplexLink, HttpLink, HttpLinkServer, type LinkLog } from '@rivulet/links'
import type { Asset, Ratio } from '@rivulet/money'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import { Router } from 'express'
import { LeasedCredit } from './credit-line.ts'
import { exchangesOf } from './exchanges.ts'
import { Follower, type Held } from './follower.ts'
import type { Peer } from './peer.ts'
import { PeerStore } from './peer-store.ts'
import type { Rates } from './rates.ts'

export interface BorderOptions {
  /** With `peeringMigrations` applied. */
  readonly postgres: Postgres
  readonly ledger: Pick<Ledger, 'balance' | 'openExchange'>
  readonly clock: Clock
  readonly log: LinkLog
  /** Of the receiving role. */
  readonly forwarder: Forwarder
  /** Where peers, and our own wallets on their way to peers, connect. */
  readonly btp: BtpServer
  readonly rates: Rates
  readonly seal: Seal
  /** What wallets of ours say to this process. */
  readonly internalToken: string
  /** Our own ILP address, told in Rejects. */
  readonly ilpAddress: string
  /** Our own wallets: a peer like any other to whom somebody is paid in another asset. */
  readonly own: { readonly name: string; readonly asset: Asset; readonly linkAccountId: Id<'acct'> }
}

/** The receiving role's part: it holds the links to all peers, and hands on what wallets of ours send to one. */
export interface Border extends AsyncDisposable {
  /** `POST /ilp` (RFC 35). */
  readonly routes: Router
  /** What a wallet of this same process sends to a peer. */
  relay(peerName: string): PacketHandler
  /** Where units of a peer's link become units of an account: which account is debited, and at what rate. Undefined while no rate is known. */
  exchange(peerName: string, asset: Asset): Promise<{ readonly accountId: `acct_${string}`; readonly rate: Ratio } | undefined>
  /** Whether each BTP peer that is not paused is connected to this process. */
  links(): readonly { readonly peer: string; readonly up: boolean }[]
}

/** What a wallet says to relay to one peer: nobody who knows one of these knows another, or our own. */
export function relayToken(internalToken: string, peerName: string): string {
  return Buffer.from(hkdfSync('sha256', internalToken, '', `rivulet relay ${peerName}`, 32)).toString('base64url')
}

export async function openBorder(options: BorderOptions): Promise<Border> {
  const { postgres, ledger, clock, log, forwarder, btp, rates, seal, internalToken, ilpAddress, own } = options
  const store = new PeerStore(postgres)
  const processId = newId('ownr', clock.nowMs())
  const http = new HttpLinkServer({ log })
  const relayName = (name: string): string => `to ${name}`
  const owed = async (id: Peer['linkAccountId']): Promise<bigint> => {
    const { posted, accrued } = await ledger.balance(id)
    return -(posted + accrued)
  }

  const relay = (name: string): PacketHandler => async (prepare) => {
    try {
      return await forwarder.senderTo(name).send(prepare)
    } catch (error) {
      if (!(error instanceof LinkFault)) return reject(ErrorCode.peerUnreachable, ilpAddress, `${name} is no peer any more`)
      // The peer may hold a valid preimage until the packet has expired.
      await clock.sleep(Math.max(0, prepare.expiresAtMs - clock.nowMs()))
      return reject(ErrorCode.transferTimedOut, ilpAddress, `${name} gave no answer before the packet expired`)
    }
  }

  const linkTo = (peer: Peer): { readonly link: DuplexLink; readonly isUp?: () => boolean; readonly end: () => Promise<void> | void } => {
    const { link, id, name } = peer
    const token = (sealed: Buffer): string => seal.open(sealed, id).toString()
    switch (link.kind) {
      case 'btp-client': {
        const client = new BtpClient({ url: link.url, token: token(link.tokenSealed), peerId: name, clock, log })
        return { link: client, isUp: () => client.isConnected, end: () => client[Symbol.asyncDispose]() }
      }
      case 'btp-server':
        return { link: btp.addPeer({ id: name, tokenHash: link.incomingTokenHash }), isUp: () => btp.isConnected(name), end: () => btp.removePeer(name) }
      case 'http': {
        const poster = new HttpLink({ url: link.url, token: token(link.tokenSealed), clock, log })
        http.accept({ tokenHash: link.incomingTokenHash }, poster)
        return {
          link: poster,
          end: () => {
            http.refuse(poster)
            poster[Symbol.dispose]()
          },
        }
      }
    }
  }

  const open = (peer: Peer): Held => {
    const { name } = peer
    const { link, end, isUp } = linkTo(peer)
    btp.addPeer({ id: relayName(name), token: relayToken(internalToken, name) }).receive(relay(name))
    const credit = new LeasedCredit({ store, owed, peerId: peer.id, processId, clock, log })
    return {
      link, credit,
      changed: () => credit.changed(),
      report: () => credit.report(),
      ...(isUp !== undefined && { isUp }),
      async [Symbol.asyncDispose]() {
        btp.removePeer(relayName(name))
        await end()
        await credit[Symbol.asyncDispose]()
      },
    }
  }

  const follower = new Follower({ store, forwarder, clock, log, open })
  const exchangeAccount = exchangesOf(ledger)
  await follower.start()
  const routes = Router()
  routes.all('/ilp', (request, response) => http.listener(request, response))
  return {
    routes,
    relay,
    async exchange(peerName, asset) {
      const peer = peerName === own.name ? { name: `${own.name}@receiver`, asset: own.asset, linkAccountId: own.linkAccountId } : follower.named(peerName)
      if (peer === undefined) return undefined
      const rate = rates.rateOf(peer.asset, asset)
      if (rate === undefined) return undefined
      assert(peer.asset.code !== asset.code || peer.asset.scale !== asset.scale, 'one asset is not exchanged for itself')
      return { accountId: await exchangeAccount(peer, asset), rate }
    },
    links: () => follower.links(),
    [Symbol.asyncDispose]: () => follower[Symbol.asyncDispose](),
  }
}

/** What the API reference says of these routes. */
export const ilpApi = { 'POST /ilp': { summary: 'ILP-over-HTTP of a peer, with its token.', signed: true, takes: 'application/octet-stream', type: 'application/octet-stream' } }
