import type { IncomingHttpHeaders } from 'node:http'
import type { Accounts, Role, WalletAddress } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import { receiptNonceBytes, receiptSecretBytes } from '@rivulet/stream'
import type { ConnectionSpec, StreamReceiver } from '@rivulet/stream-receiver'
import { type Request, type Response, Router } from 'express'

const contentType = 'application/spsp4+json'
const crossOrigin = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
  'Access-Control-Allow-Headers': 'accept, content-type, receipt-nonce, receipt-secret, web-monetization-id',
  'Access-Control-Max-Age': '86400',
}

/** What a query asks for that cannot be: `receipt-invalid`. */
export class SpspFault extends Fault<'receipt-invalid'> {}

export interface SpspOptions {
  readonly accounts: Pick<Accounts, 'walletAddressByPath'>
  readonly streams: Pick<StreamReceiver, 'issue'>
  /** Whose addresses this origin has. */
  readonly role: Role
  /** Path of the address that the bare pointer `$host` means (RFC 26), if any. */
  readonly hostPath?: string | undefined
}

/** SPSP (RFC 9) for the wallet addresses of one role: each query gets the credentials of a connection of its own. Queries that do not ask for SPSP go to the next route. */
export function spspRoutes({ accounts, streams, role, hostPath }: SpspOptions): Router {
  const answer = async (path: string | undefined, request: Request, response: Response): Promise<void> => {
    // Clients send several types at once, and not always well-formed ones.
    response.set({ ...crossOrigin, 'Cache-Control': 'no-cache', Vary: 'Accept' })
    const address = path === undefined ? undefined : await accounts.walletAddressByPath(path)
    if (address?.role !== role) {
      response.status(404).json({ error: { code: 'wallet-address-unknown', message: 'there is no such wallet address here: check its spelling' } })
      return
    }
    response.set('Content-Type', contentType).end(JSON.stringify(credentialsOf(address, request.headers, streams)))
  }
  const isSpsp = (request: Request): boolean => request.headers.accept?.toLowerCase().includes('application/spsp') === true
  const router = Router()
  router.options(['/.well-known/pay', '/:path'], (_request, response) => void response.set(crossOrigin).status(204).end())
  router.get('/.well-known/pay', async (request, response, next) => {
    if (isSpsp(request)) await answer(hostPath, request, response)
    else next()
  })
  router.get('/:path', async (request, response, next) => {
    if (isSpsp(request)) await answer(request.params.path, request, response)
    else next()
  })
  return router
}

function credentialsOf({ ledgerAccountId, asset }: WalletAddress, headers: IncomingHttpHeaders, streams: SpspOptions['streams']): object {
  const { destination, sharedSecret } = streams.issue({ accountId: ledgerAccountId, asset, receipt: receiptOf(headers) })
  return {
    destination_account: destination,
    shared_secret: sharedSecret.toString('base64url'),
    receipts_enabled: true,
    // Not in the RFC; whoever does not know it learns the asset from the connection.
    asset,
  }
}

/** RFC 39: who will verify receipts gives a nonce and a secret, both or neither. Throws `receipt-invalid`. */
function receiptOf(headers: IncomingHttpHeaders): ConnectionSpec['receipt'] {
  const { 'receipt-nonce': nonce, 'receipt-secret': secret } = headers
  if (nonce === undefined && secret === undefined) return undefined
  return { nonce: bytesOf('Receipt-Nonce', nonce, receiptNonceBytes), secret: bytesOf('Receipt-Secret', secret, receiptSecretBytes) }
}

function bytesOf(name: string, header: string | string[] | undefined, length: number): Buffer {
  const text = typeof header === 'string' && /^[A-Za-z0-9+/_-]+={0,2}$/.test(header) ? header : ''
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length !== length) throw new SpspFault('receipt-invalid', `${name} must be the base64 of ${length} bytes; Receipt-Nonce and Receipt-Secret go together`)
  return bytes
}
