import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { guardedFetch } from '@rivulet/outbound'
import { type Clock, systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { afterEach, describe, expect, test } from 'vitest'
import type { Asker } from './granted-requests.ts'
import { Resolver } from './index.ts'

const closes: (() => void)[] = []
afterEach(() => {
  for (const close of closes.splice(0)) close()
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closes.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const asker: Asker = { walletAddress: 'https://wallet.example/instance', keyId: 'key', privateKey: generateKeyPairSync('ed25519').privateKey }
const resolverOf = (allowLocal: boolean, clock: Clock = systemClock): Resolver => new Resolver({ fetch: guardedFetch({ clock, allowLocal }), clock, asker, allowLocal })
const sandbox = resolverOf(true)
const strict = resolverOf(false)

const secretBytes = Buffer.from('fb'.repeat(32), 'hex')
const good = { destination_account: 'g.receiver.token~1', shared_secret: secretBytes.toString('base64'), receipts_enabled: true }
const answer = (response: ServerResponse, body: unknown, type = 'application/spsp4+json'): unknown => response.writeHead(200, { 'content-type': type }).end(JSON.stringify(body))
const refusal = (resolved: Promise<unknown>): Promise<{ code: string; message: string }> =>
  resolved.then(
    () => ({ code: 'resolved', message: '' }),
    (error: { code: string; message: string }) => error,
  )

describe('a pointer', () => {
  test('that leads to no wallet address is asked by SPSP, and its answer is the way to pay; the second time at once', async () => {
    const seen: unknown[] = []
    const host = await serve((request, response) => {
      seen.push(request.method, request.url, request.headers.accept)
      answer(response, good)
    })
    const payee = { destination: 'g.receiver.token~1', sharedSecret: secretBytes, asset: undefined, receiptsEnabled: true, incomingPayment: undefined }
    expect(await sandbox.resolve(`$${host}/alice`)).toEqual({ ...payee, paymentPointer: `http://${host}/alice` })
    expect(await sandbox.resolve(`$${host}`)).toEqual({ ...payee, paymentPointer: `http://${host}/.well-known/pay` })
    expect(await sandbox.resolve(`http://${host}/bob`)).toEqual({ ...payee, paymentPointer: `http://${host}/bob` })
    const both = (path: string): string[] => ['GET', path, 'application/json', 'GET', path, 'application/spsp4+json']
    expect(seen.splice(0)).toEqual([...both('/alice'), ...both('/.well-known/pay'), ...both('/bob')])
    expect((await sandbox.lookUp(`http://${host}/bob`)).payee?.sharedSecret).toEqual(secretBytes)
    expect(seen).toEqual(['GET', '/bob', 'application/spsp4+json'])
  })

  test.each(['base64', 'base64url'] as const)('may give its secret as %s, in every type that servers use, and receipts only when it says so', async (encoding) => {
    for (const type of ['application/spsp4+json', 'application/json; charset=utf-8', 'Application/SPSP4+JSON;charset=utf-8']) {
      const bytes = randomBytes(32)
      const host = await serve((_, response) => answer(response, { ...good, shared_secret: bytes.toString(encoding), receipts_enabled: undefined }, type))
      expect(await sandbox.resolve(`$${host}`)).toMatchObject({ sharedSecret: bytes, receiptsEnabled: false })
    }
  })

  test('may say what it counts in; a strange word about it counts as none', async () => {
    const assets = [{ code: 'EUR', scale: 9 }, { code: 'EUR', scale: 99 }, 'EUR']
    const host = await serve((request, response) => answer(response, { ...good, asset: assets[Number(request.url?.slice(1))] }))
    expect((await sandbox.resolve(`$${host}/0`)).asset).toEqual({ code: 'EUR', scale: 9 })
    expect((await sandbox.resolve(`$${host}/1`)).asset).toBeUndefined()
    expect((await sandbox.resolve(`$${host}/2`)).asset).toBeUndefined()
  })
})

describe('a bad pointer', () => {
  test.each(['', 'alice', 'not a url', 'ftp://wallet.example/a', '$wallet.example/a?b', 'https://user@wallet.example/'])('%j is pointer-invalid', async (pointer) => {
    expect((await refusal(sandbox.resolve(pointer))).code).toBe('pointer-invalid')
  })

  test.each(['http://wallet.example/a', '$wallet.example:8443/a', '$127.0.0.1/a'])('%s is for sandboxes only', async (pointer) => {
    expect((await refusal(strict.resolve(pointer))).code).toBe('pointer-invalid')
  })

  test.each(['$10.0.0.1/a', '$192.168.1.1', 'https://169.254.169.254/latest', 'https://[fd00::1]/a'])('%s is at a private address', async (pointer) => {
    expect((await refusal(strict.resolve(pointer))).code).toBe('address-forbidden')
  })
})

describe('a bad answer', () => {
  test.each([
    [404, 'pointer-not-found', 'spelling'],
    [410, 'pointer-not-found', 'spelling'],
    [406, 'answer-not-spsp', '406'],
    [204, 'answer-not-spsp', '204'],
    [429, 'unreachable', 'later'],
    [503, 'unreachable', 'later'],
  ])('of status %d is %s', async (status, code, word) => {
    const host = await serve((_, response) => response.writeHead(status, { 'content-type': 'application/spsp4+json' }).end())
    const fault = await refusal(sandbox.resolve(`$${host}`))
    expect(fault.code).toBe(code)
    expect(fault.message).toContain(word)
  })

  test.each(['text/html', 'text/plain', 'application/octet-stream', ''])('of type %j is answer-not-spsp', async (type) => {
    const host = await serve((_, response) => answer(response, good, type))
    expect((await refusal(sandbox.resolve(`$${host}`))).code).toBe('answer-not-spsp')
  })

  test.each([
    ['HTML', '<!doctype html><title>hi</title>', 'JSON'],
    ['nothing', '', 'JSON'],
    ['null', 'null', 'object'],
    ['a list', '[]', 'object'],
    ['no address', JSON.stringify({ ...good, destination_account: undefined }), 'destination_account'],
    ['a false address', JSON.stringify({ ...good, destination_account: 'https://wallet.example' }), 'destination_account must be an ILP address'],
    ['an address that is too long', JSON.stringify({ ...good, destination_account: `g.${'a'.repeat(1_100)}` }), 'destination_account'],
    ['no secret', JSON.stringify({ ...good, shared_secret: undefined }), 'shared_secret'],
    ['a short secret', JSON.stringify({ ...good, shared_secret: randomBytes(31).toString('base64') }), 'shared_secret must be base64'],
    ['a long secret', JSON.stringify({ ...good, shared_secret: randomBytes(33).toString('base64') }), 'shared_secret must be base64'],
    ['a secret that is no base64', JSON.stringify({ ...good, shared_secret: '!'.repeat(44) }), 'shared_secret'],
    ['a wrong word about receipts', JSON.stringify({ ...good, receipts_enabled: 'yes' }), 'receipts_enabled'],
  ])('with %s is answer-invalid, and the message names the fault', async (_, body, word) => {
    const host = await serve((__, response) => response.writeHead(200, { 'content-type': 'application/spsp4+json' }).end(body))
    const fault = await refusal(sandbox.resolve(`$${host}`))
    expect(fault.code).toBe('answer-invalid')
    expect(fault.message).toContain(word)
    expect(fault.message).not.toContain(secretBytes.toString('base64'))
  })

  test('that never ends is cut off', async () => {
    const host = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'application/spsp4+json' })
      const more = (): void => {
        while (!response.destroyed && response.write('['.repeat(50_000)));
      }
      response.on('drain', more)
      more()
    })
    expect((await refusal(sandbox.resolve(`$${host}`))).code).toBe('body-too-large')
  })

  test('that redirects in a loop is given up', async () => {
    const host = await serve((_, response) => response.writeHead(302, { location: '/again' }).end())
    expect((await refusal(sandbox.resolve(`$${host}`))).code).toBe('too-many-redirects')
  })

  test('that never comes is timed-out', async () => {
    const clock = new TestClock()
    const asked = Promise.withResolvers<void>()
    const host = await serve(() => asked.resolve())
    const fault = refusal(resolverOf(true, clock).resolve(`$${host}`))
    await asked.promise
    await clock.advance(10_000)
    expect((await fault).code).toBe('timed-out')
  })
})
