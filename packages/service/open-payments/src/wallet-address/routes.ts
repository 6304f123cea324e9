import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { type NextFunction, type Request, type Response, Router } from 'express'
import type { InstanceKey } from '../instance-key.ts'
import { crossOrigin, didDocumentOf, documentOf, keySetOf, type PayableRole } from './document.ts'
import { pageHeaders, pageOf } from './page.ts'

export interface WalletAddressRoutesOptions {
  readonly accounts: Pick<Accounts, 'isWalletAddressPath' | 'walletAddressByPath' | 'keysOf'>
  /** Whose addresses this origin has. */
  readonly role: PayableRole
  /** Path of the address that the bare pointer `$host` means (RFC 26), if any. */
  readonly hostPath?: string | undefined
  readonly instance: InstanceKey
}

/** Long enough to spare the server, short enough for a new name to be seen. */
const documentMaxAgeSeconds = 60

/**
 * Wallet addresses (Open Payments 1.3): `/:path` and `/.well-known/pay` answer people with a page and programs with JSON; who asks for SPSP is left to the next
 * route. `/:path/jwks.json` has the keys of every address there is, and of the installation itself at `/instance`; `/:path/did.json` has them as a DID document.
 */
export function walletAddressRoutes({ accounts, role, hostPath, instance }: WalletAddressRoutesOptions): Router {
  const find = async (path: string | undefined): Promise<WalletAddress | undefined> => {
    const address = path === undefined ? undefined : await accounts.walletAddressByPath(path)
    return address?.role === role ? address : undefined
  }
  const answer = async (path: string | undefined, request: Request, response: Response, next: NextFunction): Promise<void> => {
    const kind = kindOf(request)
    const address = kind === 'spsp' ? undefined : await find(path)
    // A person who mistypes sees the pages of this server; a program wants a reason.
    if (kind === 'spsp' || (kind === 'html' && address === undefined)) return next()
    response.set({ ...crossOrigin, Vary: 'Accept' })
    if (address === undefined) return notFound(response)
    if (kind === 'html') {
      const language = request.acceptsLanguages('en', 'fr') === 'fr' ? 'fr' : 'en'
      response.set({ ...pageHeaders, Vary: 'Accept, Accept-Language', 'Cache-Control': 'no-cache' }).end(pageOf(address, language))
      return
    }
    response.set('Cache-Control', `public, max-age=${documentMaxAgeSeconds}`).json(documentOf(address))
  }

  const router = Router()
  router.options(['/.well-known/pay', '/:path/jwks.json', '/:path/did.json'], (_request, response) => void response.set(crossOrigin).status(204).end())
  router.options('/:path', (request, response, next) => {
    if (accounts.isWalletAddressPath(request.params.path)) response.set(crossOrigin).status(204).end()
    else next()
  })
  router.get('/.well-known/pay', (request, response, next) => answer(hostPath, request, response, next))
  router.get('/instance/jwks.json', (_request, response) => void response.set({ ...crossOrigin, 'Cache-Control': 'no-cache' }).json(keySetOf([instance.jwk])))
  router.get('/instance', (_request, response) => notFound(response.set(crossOrigin)))
  router.get('/:path', async (request, response, next) => {
    if (accounts.isWalletAddressPath(request.params.path)) await answer(request.params.path, request, response, next)
    else next()
  })
  const keysAs = (body: (address: WalletAddress, keys: Awaited<ReturnType<typeof accounts.keysOf>>) => object) => async (request: Request, response: Response): Promise<void> => {
    // Who adds a key connects a moment later, so nothing remembers the old set.
    response.set({ ...crossOrigin, 'Cache-Control': 'no-cache' })
    const { path } = request.params
    const address = await find(typeof path === 'string' ? path : undefined)
    if (address === undefined) notFound(response)
    else response.json(body(address, await accounts.keysOf(address.id)))
  }
  router.get('/:path/jwks.json', keysAs((_address, keys) => keySetOf(keys)))
  router.get('/:path/did.json', keysAs(({ url }, keys) => didDocumentOf(url, keys)))
  return router
}

function kindOf(request: Request): 'html' | 'spsp' | 'json' {
  // Clients send several types at once, and not always well-formed ones.
  const accept = request.headers.accept?.toLowerCase() ?? ''
  return accept.includes('text/html') ? 'html' : accept.includes('application/spsp') ? 'spsp' : 'json'
}

function notFound(response: Response): void {
  response.status(404).json({ error: { code: '404', description: 'Could not get wallet address' } })
}

const anyOrigin = { summary: 'May be asked by pages of every origin.', open: true }

/** What the API reference says of these routes. */
export const walletAddressApi = {
  'GET /.well-known/pay': { summary: 'The wallet address or payment pointer of this host alone.', open: true },
  'OPTIONS /.well-known/pay': anyOrigin,
  'GET /:path': { summary: 'A wallet address: for Open Payments, SPSP, or as a page for people, by what is asked for.', open: true },
  'OPTIONS /:path': anyOrigin,
  'GET /:path/jwks.json': { summary: 'The public keys of its clients.', open: true },
  'OPTIONS /:path/jwks.json': anyOrigin,
  'GET /:path/did.json': { summary: 'The same keys as a DID document.', open: true },
  'OPTIONS /:path/did.json': anyOrigin,
  'GET /instance': { summary: 'Of this server itself: nothing is paid there.', open: true },
  'GET /instance/jwks.json': { summary: 'The public key with which this server asks others.', open: true },
}
