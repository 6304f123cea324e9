/** The official client, with every response validated against the OpenAPI files of version 1.3.0, walks what receives money: wallet address, keys, incoming payments. */
import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto'
import { type AuthenticatedClient, createAuthenticatedClient, createUnauthenticatedClient, isPendingGrant, type WalletAddress } from '@interledger/open-payments'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rivulet, Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'

const resources = new AsyncDisposableStack()
const keyId = randomUUID()
const { privateKey } = generateKeyPairSync('ed25519')
const { x } = createPublicKey(privateKey).export({ format: 'jwk' })

let folder: string
let client: AuthenticatedClient
let payee: WalletAddress
let clientAddress: string

beforeAll(async () => {
  folder = resources.use(await sandboxFolder()).path
  const { ready } = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  const addressOf = (role: string): string => ready.demoAccounts.find((account) => account.role === role)?.walletAddress ?? ''
  clientAddress = addressOf('subscriber')
  const jwk = Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x, kid: keyId })).toString('base64')
  await rivulet(['keys', 'add', clientAddress.split('/').at(-1) ?? '', jwk, '--name', 'official client', '--json', '--data', folder])
  client = await createAuthenticatedClient({ walletAddressUrl: clientAddress, privateKey, keyId, validateResponses: true, logLevel: 'silent' })
  payee = await client.walletAddress.get({ url: addressOf('publisher') })
})
afterAll(() => resources.disposeAsync())

const tokenFor = async (actions: ('create' | 'read' | 'read-all' | 'list' | 'complete')[]): Promise<{ readonly accessToken: string; readonly cancel: () => Promise<void> }> => {
  const grant = await client.grant.request({ url: payee.authServer }, { access_token: { access: [{ type: 'incoming-payment', actions, identifier: payee.id }] } })
  if (isPendingGrant(grant) || grant.access_token === undefined) throw new Error('no person is needed for this')
  const { value } = grant.access_token
  return { accessToken: value, cancel: () => client.grant.cancel({ url: grant.continue.uri, accessToken: grant.continue.access_token.value }) }
}

describe('the official client', () => {
  test('reads wallet address and keys of both roles', async () => {
    expect(payee).toMatchObject({ assetCode: 'EUR', assetScale: 9, resourceServer: new URL(payee.id).origin })
    const own = await client.walletAddress.get({ url: clientAddress })
    expect(own.id).toBe(clientAddress)
    expect((await client.walletAddress.getKeys({ url: own.id })).keys).toEqual([expect.objectContaining({ kid: keyId, alg: 'EdDSA', x })])
    expect((await client.walletAddress.getKeys({ url: payee.id })).keys).toEqual([])
    expect((await client.walletAddress.getKeys({ url: `${new URL(clientAddress).origin}/instance` })).keys).toHaveLength(1)
  })

  test('creates an incoming payment, reads it, lists it, completes it, and gives its grant back', async () => {
    const { accessToken, cancel } = await tokenFor(['create', 'read', 'list', 'complete'])
    const incomingAmount = { value: '2500', assetCode: 'EUR', assetScale: 9 }
    const created = await client.incomingPayment.create({ url: payee.resourceServer, accessToken }, { walletAddress: payee.id, incomingAmount, metadata: { source: 'test' } })
    expect(created.methods).toHaveLength(1)
    const read = await client.incomingPayment.get({ url: created.id, accessToken })
    expect(read).toMatchObject({ id: created.id, incomingAmount, completed: false })
    // The file says what must be there and does not forbid more; the wallet address is what `payment-proof` compares.
    const seen = { authServer: payee.authServer, walletAddress: payee.id, receivedAmount: { ...incomingAmount, value: '0' } }
    expect(await client.incomingPayment.getPublic({ url: created.id })).toEqual(seen)
    const anybody = await createUnauthenticatedClient({ validateResponses: true, useHttp: true, logLevel: 'silent' })
    expect(await anybody.incomingPayment.get({ url: created.id })).toEqual(seen)
    const { result, pagination } = await client.incomingPayment.list({ url: payee.resourceServer, accessToken, walletAddress: payee.id }, { first: 10, 'wallet-address': payee.id })
    expect(result.map(({ id }) => id)).toEqual([created.id])
    expect(pagination).toMatchObject({ hasNextPage: false, hasPreviousPage: false })
    expect(await client.incomingPayment.complete({ url: created.id, accessToken })).toMatchObject({ id: created.id, completed: true })
    await cancel()
    await expect(client.incomingPayment.get({ url: created.id, accessToken })).rejects.toMatchObject({ status: 403, description: 'Inactive Token' })
  })

  test('sees what a stream of the wallet has brought to the incoming payment that it was paid by', async () => {
    const streamed = await rivulet(['stream', payee.id, '--seconds', '3', '--json', '--data', folder])
    const sent = (JSON.parse(streamed.stdout.trim().split('\n').at(-1) ?? '{}') as { sent: { value: string } }).sent.value
    const { accessToken } = await tokenFor(['list', 'read'])
    // The stream's payment was asked for by the installation itself: another client's, so it is not in this list.
    const { result } = await client.incomingPayment.list({ url: payee.resourceServer, accessToken, walletAddress: payee.id }, { first: 10, 'wallet-address': payee.id })
    expect(result.every(({ receivedAmount }) => receivedAmount.value === '0')).toBe(true)
    // On a busy machine the last second may be cut off.
    expect([100_000n, 200_000n, 300_000n]).toContain(BigInt(sent))
    expect(JSON.parse((await rivulet(['verify', '--json', '--data', folder])).stdout)).toMatchObject({ ok: true, problems: [] })
  })
})
