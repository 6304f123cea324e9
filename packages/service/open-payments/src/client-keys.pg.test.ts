import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { Accounts, accountsMigrations } from '@rivulet/accounts'
import { Ledger, ledgerMigrations } from '@rivulet/ledger'
import { OutboundFault } from '@rivulet/outbound'
import { testPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { describe, expect, test } from 'vitest'
import { createClientKeys } from './client-keys.ts'
import { instanceKeyOf } from './index.ts'

const wallet = 'https://wallet.example'
const instance = instanceKeyOf(randomBytes(32), wallet)
const jwkOf = (kid: string) => ({ kid, kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', x: String(generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x) })
const noAccounts = { walletAddressByUrl: () => Promise.reject(new Error('not ours')), keysOf: () => Promise.reject(new Error('not ours')) }

function foreign(answer: () => { status: number; body: unknown }) {
  const clock = new TestClock()
  const asked: string[] = []
  const keys = createClientKeys({
    accounts: noAccounts, clock, instance, ownOrigins: [wallet],
    fetch: (url) => {
      asked.push(String(url))
      const { status, body } = answer()
      return Promise.resolve({ status, headers: {}, url: String(url), body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) })
    },
  })
  return { clock, asked, find: async (kid: string, client = 'https://else.example/bob') => (await keys.find(client, kid))?.export({ format: 'jwk' }).x }
}

describe('the keys of another server’s client', () => {
  test('are fetched once in five minutes, and again for a key that is new, but not for every guess', async () => {
    const [first, second] = [jwkOf('one'), jwkOf('two')]
    let published = [first]
    const { clock, asked, find } = foreign(() => ({ status: 200, body: { keys: published } }))
    expect([await find('one'), await find('one', 'https://else.example/bob')]).toEqual([first.x, first.x])
    expect(asked).toEqual(['https://else.example/bob/jwks.json'])
    published = [first, second]
    expect(await find('two')).toBeUndefined()
    await clock.advance(5_000)
    expect(await find('two')).toBe(second.x)
    for (const guess of ['a', 'b', 'c']) expect(await find(guess)).toBeUndefined()
    expect(asked).toHaveLength(2)
    published = [second]
    await clock.advance(299_999)
    expect(await find('one')).toBe(first.x)
    await clock.advance(1)
    expect([await find('one'), asked.length]).toEqual([undefined, 3])
  })

  test.each([
    ['HTML', 200, '<!doctype html>'], ['404', 404, { keys: [jwkOf('one')] }], ['no list', 200, { keys: {} }], ['another curve', 200, { keys: [{ ...jwkOf('one'), crv: 'P-256' }] }], ['half a key', 200, { keys: [{ ...jwkOf('one'), x: 'AAAA' }] }],
  ])('are none where it answers with %s', async (_what, status, body) => expect(await foreign(() => ({ status, body })).find('one')).toBeUndefined())

  test('cannot be had from a server that does not answer, which is asked again the next time', async () => {
    const key = jwkOf('one')
    let away = true
    const { asked, find } = foreign(() => {
      if (away) throw new OutboundFault('unreachable', 'away')
      return { status: 200, body: { keys: [key] } }
    })
    await expect(find('one')).rejects.toMatchObject({ code: 'unreachable' })
    away = false
    expect([await find('one'), asked.length]).toEqual([key.x, 2])
  })
})

test('the keys of our own people and of the installation are never asked for over the network, and a revoked one is gone at once', async () => {
  await using postgres = await testPostgres([ledgerMigrations, accountsMigrations])
  await using ledger = await Ledger.open({ postgres, clock: systemClock })
  const entrances = { subscriber: { publicUrl: wallet }, publisher: { publicUrl: 'https://pay.example' }, operator: { publicUrl: 'https://operator.example' } }
  await using accounts = await Accounts.open({ postgres, ledger, clock: systemClock, secret: randomBytes(32), entrances, sandbox: true })
  const { id, walletAddress } = await accounts.createPerson({ role: 'subscriber', email: 'alice@example.com', password: 'correct horse', name: 'Alice' })
  if (walletAddress === undefined) throw new Error('a subscriber has a wallet address')
  const keys = createClientKeys({ accounts, clock: systemClock, instance, ownOrigins: [wallet, 'https://pay.example'], fetch: () => Promise.reject(new Error('asked over the network')) })
  const jwk = jwkOf('one')
  const key = await accounts.addKey(walletAddress.id, Buffer.from(JSON.stringify(jwk)).toString('base64'))
  expect((await keys.find(walletAddress.url, 'one'))?.export({ format: 'jwk' }).x).toBe(jwk.x)
  expect((await keys.find(instance.walletAddress, instance.keyId))?.export({ format: 'jwk' }).x).toBe(instance.jwk.x)
  expect([await keys.find(walletAddress.url, 'two'), await keys.find(`${wallet}/nobody`, 'one'), await keys.find(instance.walletAddress, 'one')]).toEqual([undefined, undefined, undefined])
  await accounts.revokeKey(id, key.id)
  expect(await keys.find(walletAddress.url, 'one')).toBeUndefined()
})
