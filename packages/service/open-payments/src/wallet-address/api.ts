/** What a signed-in person changes about her wallet addresses and the keys of her clients. Mount it behind the entrance's own handler. */
import { type Accounts, AccountsFault, type AccountsFaultCode, assetParts, type Entrance, personOf, personPart, type RegisteredKey, type WalletAddress } from '@rivulet/accounts'
import { type Id, isId } from '@rivulet/ids'
import express, { type NextFunction, type Request, type Response, Router } from 'express'
import { z } from 'zod'

export interface AddressApiOptions {
  readonly accounts: Pick<Accounts, 'walletAddresses' | 'addWalletAddress' | 'renameWalletAddress' | 'addKey' | 'keysOf' | 'revokeKey'>
  readonly entrance: Entrance
}

const bodyBytesMax = 8_192
const assetScaleDefault = 9
const currencies = new Set(Intl.supportedValuesOf('currency'))

const newAddress = z.strictObject({
  path: z.string().max(100),
  publicName: z.string().max(200),
  assetCode: z.string().refine((code) => currencies.has(code), 'must be a currency of ISO 4217, such as EUR'),
  assetScale: z.int().min(1).max(18).default(assetScaleDefault),
})
const rename = z.strictObject({ publicName: z.string().max(200) })
const newKey = z.strictObject({ key: z.string().max(4_000), name: z.string().max(200).default(''), walletAddress: z.string().max(100).optional() })

const statuses: Partial<Record<AccountsFaultCode, number>> = {
  'path-taken': 409,
  'key-differs': 409,
  'keys-too-many': 409,
  'wallet-addresses-too-many': 409,
  'key-unknown': 404,
  'wallet-address-unknown': 404,
  'person-unknown': 404,
}

/**
 * `GET /api/addresses`, `POST /api/addresses {path, publicName, assetCode, assetScale?}`, `PATCH /api/addresses/:id {publicName}`; `GET /api/keys`,
 * `POST /api/keys {key, name?, walletAddress?: id}` (base64 of an Ed25519 JWK; the main address unless told), `DELETE /api/keys/:id`.
 */
export function addressApi({ accounts, entrance }: AddressApiOptions): Router {
  const router = Router()
  const json = express.json({ limit: bodyBytesMax })
  router.use(['/api/addresses', '/api/keys'], entrance.requireSameOrigin, entrance.requireSession, json, (_request, response, next) => {
    response.set('Cache-Control', 'no-store')
    next()
  })
  router.get('/api/addresses', async (_request, response) => {
    response.json({ addresses: (await accounts.walletAddresses(personOf(response).id)).map(publicAddress) })
  })
  router.post('/api/addresses', async (request, response) => {
    const { path, publicName, assetCode, assetScale } = parse(newAddress, request.body)
    response.status(201).json(publicAddress(await accounts.addWalletAddress(personOf(response).id, { path, publicName, asset: { code: assetCode, scale: assetScale } })))
  })
  router.patch('/api/addresses/:id', async (request, response) => {
    const { publicName } = parse(rename, request.body)
    response.json(publicAddress(await accounts.renameWalletAddress(personOf(response).id, addressId(request.params.id), publicName)))
  })
  router.get('/api/keys', async (_request, response) => {
    const { id: personId, name, email } = personOf(response)
    const addresses = await accounts.walletAddresses(personId)
    const keys = await Promise.all(addresses.map(async (address) => (await accounts.keysOf(address.id)).map((key) => publicKey(key, address))))
    response.json({ person: { name, email }, keys: keys.flat(), addresses: addresses.map(publicAddress) })
  })
  router.post('/api/keys', async (request, response) => {
    const { key, name, walletAddress } = parse(newKey, request.body)
    const addresses = await accounts.walletAddresses(personOf(response).id)
    const address = walletAddress === undefined ? addresses[0] : addresses.find(({ id }) => id === walletAddress)
    if (address === undefined) throw new AccountsFault('wallet-address-unknown', 'you have no such wallet address')
    response.status(201).json(publicKey(await accounts.addKey(address.id, key, name), address))
  })
  router.delete('/api/keys/:id', async (request, response) => {
    const { id } = request.params
    if (!isId('key', id)) throw new AccountsFault('key-unknown', 'this is not the id of a key')
    await accounts.revokeKey(personOf(response).id, id)
    response.status(204).end()
  })
  router.use(['/api/addresses', '/api/keys'], answerFaults)
  return router
}

function publicAddress({ id, url, path, publicName, asset, main }: WalletAddress): object {
  return { id, url, path, publicName, assetCode: asset.code, assetScale: asset.scale, main }
}

function publicKey({ id, kid, name, createdAtMs }: RegisteredKey, { url }: WalletAddress): object {
  return { id, kid, name, createdAtMs, walletAddress: url }
}

function addressId(text: string): Id<'wadr'> {
  if (!isId('wadr', text)) throw new AccountsFault('wallet-address-unknown', 'this is not the id of a wallet address')
  return text
}

function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new AccountsFault('wallet-address-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}

function answerFaults(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (!(error instanceof AccountsFault) || response.headersSent) return next(error)
  response.status(statuses[error.code] ?? 400).json({ error: { code: error.code, message: error.message } })
}

const addressAnswer = z.strictObject({ id: z.string(), url: z.string(), path: z.string(), publicName: z.string(), ...assetParts, main: z.boolean() })
const keyAnswer = z.strictObject({ id: z.string(), kid: z.string(), name: z.string(), createdAtMs: z.int(), walletAddress: z.string() })

/** What the API reference says of these routes. */
export const addressesApi = {
  'GET /api/addresses': { summary: 'One’s wallet addresses, the main one first.', answer: z.strictObject({ addresses: z.array(addressAnswer) }) },
  'POST /api/addresses': { summary: 'A further one, with an account of its own.', body: newAddress, answer: addressAnswer },
  'PATCH /api/addresses/:id': { summary: 'Another public name.', body: rename, answer: addressAnswer },
  'GET /api/keys': { summary: 'The public keys with which one’s clients sign.', answer: z.strictObject({ person: personPart, keys: z.array(keyAnswer), addresses: z.array(addressAnswer) }) },
  'POST /api/keys': { summary: 'Registers one: base64 of an Ed25519 JWK.', body: newKey, answer: keyAnswer },
  'DELETE /api/keys/:id': { summary: 'Revokes it, from the next request on.' },
}
