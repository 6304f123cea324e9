import { createHash } from 'node:crypto'
import { createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeReply, encodePrepare, LinkFault } from '@rivulet/ilp'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { HttpLink, HttpLinkServer } from './index.ts'
import type { LinkLimits } from './link.ts'
import { fulfilled, linkCompliance, preparePacket, quietLog } from './testing.ts'

const running: Server[] = []
afterEach(() => {
  for (const server of running.splice(0)) stop(server)
})

function stop(server: Server): void {
  server.closeAllConnections()
  server.close()
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  running.push(server)
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ilp`
}

async function makePair(limits: Partial<LinkLimits>) {
  const clock = new TestClock()
  const ends = [new HttpLinkServer({ log: quietLog }), new HttpLinkServer({ log: quietLog })] as const
  const servers = ends.map((end) => createServer(end.listener))
  const [leftUrl = '', rightUrl = ''] = await Promise.all(servers.map(listen))
  const left = new HttpLink({ url: rightUrl, token: 'from-left', clock, log: quietLog, limits })
  const right = new HttpLink({ url: leftUrl, token: 'from-right', clock, log: quietLog, limits })
  ends[0].accept({ token: 'from-right' }, left)
  ends[1].accept({ token: 'from-left' }, right)
  const sever = (): void => servers.forEach(stop)
  const dispose = (): Promise<void> => {
    left[Symbol.dispose]()
    right[Symbol.dispose]()
    sever()
    return Promise.resolve()
  }
  return { clock, left, right, sever, rightUrl, rightServer: servers[1], [Symbol.asyncDispose]: dispose }
}

linkCompliance('over HTTP', makePair)

async function post(url: string, { method = 'POST', token = 'from-left', type = 'application/octet-stream', body }: { method?: string; token?: string; type?: string; body: Buffer }) {
  return new Promise<{ status: number | undefined; body: Buffer }>((resolve, reject) => {
    const outgoing = request(url, { method, headers: { authorization: `Bearer ${token}`, 'content-type': type } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks) }))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

test('what is no packet of a peer gets its status, and a reject travels with 200', async () => {
  await using pair = await makePair({})
  const prepare = encodePrepare(preparePacket(pair.clock))
  const statusOf = async (changes: Partial<Parameters<typeof post>[1]>): Promise<number | undefined> => (await post(pair.rightUrl, { body: prepare, ...changes })).status
  expect(await statusOf({ token: 'wrong' })).toBe(401)
  expect(await statusOf({ type: 'application/json' })).toBe(400)
  expect(await statusOf({ body: Buffer.from('no packet') })).toBe(400)
  expect(await statusOf({ body: prepare.subarray(0, 20) })).toBe(400)
  expect(await statusOf({ body: Buffer.alloc(0) })).toBe(400)
  expect(await statusOf({ method: 'PUT' })).toBe(405)
  expect(await statusOf({ body: Buffer.alloc(43_001) })).toBe(413)
  const answer = await post(pair.rightUrl, { body: prepare })
  expect([answer.status, decodeReply(answer.body)]).toMatchObject([200, { code: 'T01' }])
})

test('any body gets an answer, and the server lives on', async () => {
  await using pair = await makePair({})
  pair.right.receive((prepare) => Promise.resolve(fulfilled(prepare.data)))
  const good = encodePrepare(preparePacket(pair.clock))
  const mutated = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => Buffer.concat([good.subarray(0, at), Buffer.from([byte]), good.subarray(at + 1)]))
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), async (body) => {
      expect([200, 400]).toContain((await post(pair.rightUrl, { body: Buffer.from(body) })).status)
    }),
    { numRuns: 150 },
  )
  expect((await post(pair.rightUrl, { body: good })).status).toBe(200)
})

test.each([
  [401, 'T00'],
  [404, 'T00'],
  [500, 'no-answer'],
  [504, 'no-answer'],
  [200, 'no-answer'],
])('an answer %d without a packet means %s', async (status, outcome) => {
  const url = await listen(createServer((_, response) => response.writeHead(status).end('<html>')))
  const clock = new TestClock()
  using link = new HttpLink({ url, token: 't', clock, log: quietLog })
  const seen = await link.send(preparePacket(clock)).catch((error: unknown) => error)
  expect(seen instanceof LinkFault ? seen.code : (seen as { code: string }).code).toBe(outcome)
})

test('packets one after another share a connection', async () => {
  await using pair = await makePair({})
  let sockets = 0
  pair.rightServer?.on('connection', () => (sockets += 1))
  pair.right.receive((prepare) => Promise.resolve(fulfilled(prepare.data)))
  for (let packet = 0; packet < 5; packet += 1) await pair.left.send(preparePacket(pair.clock))
  expect(sockets).toBe(1)
})

test('a peer is known by the hash of its token alone, and refused once it is one no more', async () => {
  const server = new HttpLinkServer({ log: quietLog })
  const url = await listen(createServer(server.listener))
  const clock = new TestClock()
  const link = new HttpLink({ url, token: 'unused', clock, log: quietLog })
  link.receive(({ data }) => Promise.resolve(fulfilled(data)))
  server.accept({ tokenHash: createHash('sha256').update('from-left').digest() }, link)
  const body = encodePrepare(preparePacket(clock))
  expect((await post(url, { body })).status).toBe(200)
  expect((await post(url, { body, token: 'another' })).status).toBe(401)
  server.refuse(link)
  expect((await post(url, { body })).status).toBe(401)
  link[Symbol.dispose]()
})
