/** `rivulet stream` to what is no payment pointer: a clear error that says what to change, and not one unit moves. */
import { once } from 'node:events'
import { createServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balanceOf, verified } from './support/books.ts'
import { freeBasePort } from './support/ports.ts'
import { rivulet, Server } from './support/product.ts'
import { sandboxFolder, sharedFolder } from './support/shared-folder.ts'
import { Reader } from './support/reader.ts'

const spsp = 'application/spsp4+json'
const credentials = { destination_account: 'test.rivulet.receiver.nobody', shared_secret: 'A'.repeat(43) }

/** A site that answers every way but the right one. */
const answers: Record<string, (response: ServerResponse) => void> = {
  '/missing': (response) => response.writeHead(404, { 'content-type': 'application/json' }).end('{}'),
  '/page': (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Mara</title>'),
  '/type': (response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(JSON.stringify(credentials)),
  '/no-json': (response) => response.writeHead(200, { 'content-type': spsp }).end('{"destination_account":'),
  '/no-address': (response) => response.writeHead(200, { 'content-type': spsp }).end(JSON.stringify({ ...credentials, destination_account: 'not an address' })),
  '/short-secret': (response) => response.writeHead(200, { 'content-type': spsp }).end(JSON.stringify({ ...credentials, shared_secret: 'AAAA' })),
  '/endless': (response) => {
    response.writeHead(200, { 'content-type': spsp })
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(65_536)));
    }
    response.on('drain', more)
    more()
  },
  '/loop': (response) => response.writeHead(302, { location: '/loop' }).end(),
  '/broken': (response) => response.writeHead(500).end(),
  '/hangs-up': (response) => response.destroy(),
  '/silent': () => undefined,
}

async function hostileSite(): Promise<AsyncDisposable & { readonly url: string }> {
  const server: HttpServer = createServer((request, response) => answers[request.url ?? '']?.(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

describe('in a sandbox', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let site: string
  let product: Server
  const before = { posted: '5000000000', pending: '0', accrued: '0' }

  beforeAll(async () => {
    folder = resources.use(await sandboxFolder()).path
    product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
    site = resources.use(await hostileSite()).url
  })
  afterAll(() => resources.disposeAsync())

  test.concurrent.each([
    ['that is no URL', 'mara', 'pointer-invalid', /write \$host\/path or https:\/\/host\/path/],
    ['that is empty', '', 'request-invalid', /pointer/],
    ['with a query', 'https://example.com/mara?amount=1', 'pointer-invalid', /remove the query/],
    ['of a name that does not exist', 'https://nobody.invalid/mara', 'unreachable', /check the host/],
    ['where nothing listens', 'http://127.0.0.1:9/mara', 'unreachable', /check the host and that its server is up/],
    ['that answers 404', '/missing', 'pointer-not-found', /check its spelling/],
    ['that answers HTML', '/page', 'answer-not-spsp', /text\/html, not application\/spsp4\+json/],
    ['that answers with a wrong type', '/type', 'answer-not-spsp', /text\/plain, not application\/spsp4\+json/],
    ['that answers with half a document', '/no-json', 'answer-invalid', /not JSON/],
    ['that gives no ILP address', '/no-address', 'answer-invalid', /destination_account must be an ILP address; its wallet must correct them/],
    ['that gives a short secret', '/short-secret', 'answer-invalid', /shared_secret must be base64/],
    ['with an endless body', '/endless', 'body-too-large', /more than 1000000 bytes/],
    ['that redirects in a loop', '/loop', 'too-many-redirects', /use the address it finally leads to/],
    ['whose server is broken', '/broken', 'unreachable', /status 500\); try again later/],
    ['whose server hangs up', '/hangs-up', 'unreachable', /check the host and that its server is up/],
    ['whose server never answers', '/silent', 'timed-out', /did not answer within 10 s; check that the server is up and answers quickly/],
    ['of a subscriber', 'receiver/alice', 'pointer-not-found', /check its spelling/],
    ['of the wallet’s own door', 'wallet/api/me', 'answer-not-spsp', /is no payment pointer/],
  ])('a pointer %s', async (_what, text, code, says) => {
    const pointer = text.replace(/^\//, `${site}/`).replace(/^(receiver|wallet)/, (role) => product.ready[role as 'receiver' | 'wallet'])
    const { status, stdout, stderr } = await rivulet(['stream', pointer, '--seconds', '2', '--json', '--data', folder])
    expect({ status, stdout, code: /\(([a-z-]+)\)\s*$/.exec(stderr)?.[1] }).toEqual({ status: 1, stdout: '', code })
    expect(stderr).toMatch(says)
  })

  test('not one unit moved, and nothing is left open', async () => {
    expect(await balanceOf('alice', folder)).toMatchObject(before)
    expect(await verified(folder)).toMatchObject({ ok: true, problems: [], streamsOpen: 0, streamsInDoubt: 0 })
  })

  test('and a good pointer is paid afterwards', async () => {
    const mara = `${product.ready.receiver}/mara`
    const { status, stdout } = await rivulet(['stream', mara, '--seconds', '2', '--json', '--data', folder])
    expect(status).toBe(0)
    expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({ sent: { assetCode: 'EUR', assetScale: 9 }, rejected: 0 })
  })
})

describe('in a real installation nothing inside the house can be reached by naming it', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let product: Server

  beforeAll(async () => {
    folder = resources.use(await sharedFolder()).path
    const port = await freeBasePort()
    const url = (offset: number): string => `http://localhost:${port + offset}`
    const made = await rivulet(['init', '--domain', 'example.com', '--email', 'operator@example.com', '--wallet-url', url(0), '--receiver-url', url(1), '--operator-url', url(2), '--data', folder])
    if (made.status !== 0) throw new Error(made.stderr)
    product = resources.use(await Server.start(['up', '--port', String(port), '--data', folder]))
    await new Reader(url(0)).signUp('Nora')
  })
  afterAll(() => resources.disposeAsync())

  test.concurrent.each([
    ['over http', 'http://example.com/mara', 'pointer-invalid', /use https/],
    ['with a port', 'https://example.com:5432/mara', 'pointer-invalid', /remove the port/],
    ['on this machine by name', '$localhost/mara', 'pointer-invalid', /accepted in a sandbox only/],
    ['on this machine by number', 'https://127.0.0.1/mara', 'pointer-invalid', /accepted in a sandbox only/],
    ['in a private network', 'https://10.0.0.1/mara', 'address-forbidden', /not on the public internet; use a public host/],
    ['at the link-local address of cloud machines', 'https://169.254.169.254/latest', 'address-forbidden', /use a public host/],
    ['at a private IPv6 address', 'https://[fd00::1]/mara', 'address-forbidden', /use a public host/],
    ['at a private address inside an IPv6 one', 'https://[::ffff:10.0.0.1]/mara', 'address-forbidden', /use a public host/],
  ])('a pointer %s', async (_what, pointer, code, says) => {
    const { status, stderr } = await rivulet(['stream', pointer, '--as', 'Nora', '--seconds', '2', '--json', '--data', folder])
    expect({ status, code: /\(([a-z-]+)\)\s*$/.exec(stderr)?.[1] }).toEqual({ status: 1, code })
    expect(stderr).toMatch(says)
  })

  test('there are no demo people to pay as, and the command says whom it needs', async () => {
    expect(product.ready.demoAccounts).toEqual([])
    expect(await rivulet(['stream', '$example.com/mara', '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringMatching(/name the subscriber with --as.*\(subscriber-unnamed\)/) as string })
    expect(await rivulet(['stream', '$example.com/mara', '--as', 'alice', '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringContaining('(person-unknown)') as string })
  })

  test('the books are right, and nobody was given a budget', async () => {
    expect(await balanceOf('nora', folder)).toMatchObject({ posted: '0', pending: '0', accrued: '0' })
    expect(await verified(folder)).toMatchObject({ ok: true, transfers: 0 })
  })
})
