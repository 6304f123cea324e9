import { type Accounts, assetParts, personOf, personPart, unitsPart } from '@rivulet/accounts'
import type { Id } from '@rivulet/ids'
import { ErrorCode, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { Balance } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import { isDatabaseAway } from '@rivulet/postgres'
import type { PacketExchange, StreamReceiver } from '@rivulet/stream-receiver'
import { type ErrorRequestHandler, type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { SpspFault, spspRoutes } from './spsp.ts'

export interface ReceiverOptions {
  readonly ledger: { balance(accountId: Id<'acct'>): Promise<Balance> }
  readonly accounts: Accounts
  /** ILP address of this role; its connections lie below it. */
  readonly ilpAddress: string
  /** Gives out those connections, and answers their packets. */
  readonly streams: StreamReceiver
  /** Path of the publisher whom the bare pointer `$host` means, if any. */
  readonly hostPath?: string
  /** Told of what went wrong that no sender and no visitor meant. */
  readonly log: { error(fields: object, message: string): void }
  /** Where units of a peer's link become units of an account. */
  readonly exchange?: (peerId: string, asset: Asset) => Promise<PacketExchange | undefined>
}

/** Whom a packet comes from: the peer, its asset, and the ledger account that clears with it. */
export interface PacketPeer {
  readonly id: string
  readonly asset: Asset
  readonly linkAccountId?: Id<'acct'>
}

export interface Receiver {
  /** Mount at the root of the publishers' origin, before any body parser: `/api/auth/*`, `/api/me`, and SPSP at `/:path` and `/.well-known/pay`. */
  readonly routes: Router
  /** Answers every packet below `ilpAddress`, and never throws: `forwarder.local(ilpAddress, receiver.packetHandler)`. */
  readonly packetHandler: (prepare: Prepare, from: PacketPeer) => Promise<Reply>
}

/** The receiving role: publishers are found by SPSP and credited packet by packet. Holds no state, so any number of processes may run it. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { ledger, accounts, ilpAddress, streams, hostPath } = options
  const entrance = accounts.entrance('publisher')
  const routes = Router()
  routes.use(entrance.handler)
  routes.get('/api/me', entrance.requireSession, overview(ledger))
  routes.use(spspRoutes({ accounts, streams, role: 'publisher', hostPath }))
  routes.use(answerFaults(options.log))
  return {
    routes,
    packetHandler: async (prepare, { id, asset, linkAccountId }) => {
      if (linkAccountId === undefined) return reject(ErrorCode.unreachable, ilpAddress, `no account clears with ${id}`)
      try {
        return await streams.handle(prepare, { debitAccountId: linkAccountId, asset, exchange: options.exchange && ((to) => options.exchange?.(id, to) ?? Promise.resolve(undefined)) })
      } catch (error) {
        options.log.error({ error, peer: id }, 'the ledger did not answer for a packet')
        return reject(ErrorCode.internalError, ilpAddress, 'try again')
      }
    },
  }
}

/** What the signed-in publisher sees: the pointer to put on pages, and the balance with what open streams have brought so far. */
function overview(ledger: ReceiverOptions['ledger']): RequestHandler {
  return async (_request, response) => {
    const { name, email, walletAddress } = personOf(response)
    if (walletAddress === undefined) {
      response.status(409).json({ error: { code: 'wallet-address-missing', message: 'sign in again to complete this account' } })
      return
    }
    const { posted, pending, accrued, asset } = await ledger.balance(walletAddress.ledgerAccountId)
    response.set('Cache-Control', 'no-store').json({
      person: { name, email },
      paymentPointer: walletAddress.url,
      balance: { posted: String(posted), pending: String(pending), accrued: String(accrued), assetCode: asset.code, assetScale: asset.scale },
    })
  }
}

/** Every refusal as `{error: {code, message}}`; nothing unforeseen leaks out. */
function answerFaults(log: ReceiverOptions['log']): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    if (response.headersSent) return next(error)
    if (error instanceof SpspFault) {
      response.status(400).json({ error: { code: error.code, message: error.message } })
      return
    }
    const status = statusOf(error)
    if (status < 500) {
      response.status(status).json({ error: { code: 'request-invalid', message: 'the request is malformed or too large' } })
      return
    }
    log.error({ error, path: request.path }, 'a request failed')
    const away = isDatabaseAway(error)
    response.status(away ? 503 : 500).json({ error: { code: away ? 'database-unavailable' : 'internal', message: 'try again in a moment' } })
  }
}

/** Errors of body parsers and of the router carry the status of what the client did wrong. */
function statusOf(error: unknown): number {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : 500
}

/** What the API reference says of these routes. */
export const receiverApi = {
  'GET /api/me': { summary: 'Who is signed in, and the balance of the main pointer.', answer: z.strictObject({ person: personPart, paymentPointer: z.string(), balance: z.strictObject({ posted: unitsPart, pending: unitsPart, accrued: unitsPart, ...assetParts }) }) },
}
