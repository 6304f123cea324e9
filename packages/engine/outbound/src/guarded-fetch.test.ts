import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@rivulet/time'
import { TestClock } from '@rivulet/time/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { guardedFetch, type OutboundFaultCode } from './index.ts'

const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

async function serve(listener: RequestListener): Promise<{ url: string; port: number; requests: () => number }> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, requests: () => requests }
}

const local = guardedFetch({ clock: systemClock, allowLocal: true })
const codeOf = (promise: Promise<unknown>): Promise<OutboundFaultCode | 'answered'> =>
  promise.then(
    () => 'answered',
    (error: { code: OutboundFaultCode }) => error.code,
  )

describe('what is answered', () => {
  test('status, headers and body arrive, whatever the status', async () => {
    const { url } = await serve((request, response) => {
      response.writeHead(404, { 'content-type': 'text/plain' }).end(`${request.method} ${request.headers.accept}`)
    })
    const answer = await local(`${url}/x`, { headers: { accept: 'application/spsp4+json' } })
    expect({ ...answer, body: answer.body.toString() }).toMatchObject({ status: 404, headers: { 'content-type': 'text/plain' }, body: 'GET application/spsp4+json', url: `${url}/x` })
  })

  test('a body is sent', async () => {
    const { url } = await serve((request, response) => void request.pipe(response))
    expect((await local(url, { method: 'POST', body: 'drop' })).body.toString()).toBe('drop')
  })

  test('three redirects are followed, and credentials stay with their origin', async () => {
    const last = await serve((request, response) => response.end(JSON.stringify(request.headers)))
    const first = await serve((request, response) => {
      const step = Number(request.url?.slice(1))
      response.writeHead(302, { location: step < 2 ? `/${step + 1}` : `${last.url}/end` }).end()
    })
    const answer = await local(`${first.url}/0`, { headers: { authorization: 'secret', accept: 'a/b' } })
    const headers = JSON.parse(answer.body.toString()) as Record<string, string>
    expect(answer.url).toBe(`${last.url}/end`)
    expect(headers['accept']).toBe('a/b')
    expect(headers['authorization']).toBeUndefined()
  })
})

test('the answer of a POST is never followed elsewhere', async () => {
  const { url, requests } = await serve((_, response) => response.writeHead(307, { location: '/again' }).end())
  expect((await local(url, { method: 'POST', body: 'x' })).status).toBe(307)
  expect(requests()).toBe(1)
})

describe('what is refused', () => {
  test('a redirect loop ends after the first request and three redirects', async () => {
    const server = await serve((_, response) => response.writeHead(302, { location: '/' }).end())
    expect(await codeOf(local(server.url))).toBe('too-many-redirects')
    expect(server.requests()).toBe(4)
  })

  test('an endless body is cut off', async () => {
    const chunk = Buffer.alloc(64_000, 'x')
    const { url } = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    })
    expect(await codeOf(local(url))).toBe('body-too-large')
  })

  test.each([
    ['no answer at all', (): void => {}],
    ['a body that never ends', ((_, response) => response.write('a')) satisfies RequestListener],
  ])('%s is given up after 10 s', async (_, listener) => {
    const clock = new TestClock()
    let arrived = (): void => {}
    const arrival = new Promise<void>((resolve) => (arrived = resolve))
    const { url } = await serve((request, response) => {
      listener(request, response)
      arrived()
    })
    const code = codeOf(guardedFetch({ clock, allowLocal: true })(url))
    await arrival
    await clock.advance(9_999)
    expect(clock.waiting).toBe(1)
    await clock.advance(1)
    expect(await code).toBe('timed-out')
  })

  test('a server that breaks off is unreachable', async () => {
    const { url } = await serve((request) => request.socket.destroy())
    expect(await codeOf(local(url))).toBe('unreachable')
  })

  test('a server that speaks no TLS is unreachable by https', async () => {
    const { port } = await serve((_, response) => response.end())
    expect(await codeOf(local(`https://127.0.0.1:${port}/`))).toBe('unreachable')
  })

  test('a port where nothing listens is unreachable', async () => {
    const { url } = await serve(() => {})
    for (const close of open.splice(0)) close()
    expect(await codeOf(local(url))).toBe('unreachable')
  })

  test.each([
    ['', 'url-invalid'],
    ['example', 'url-invalid'],
    ['$wallet.example/alice', 'url-invalid'],
    ['ftp://example.com/', 'not-https'],
    ['file:///etc/passwd', 'not-https'],
    ['https://user:password@example.com/', 'url-invalid'],
  ] satisfies [string, OutboundFaultCode][])('%j is %s', async (url, code) => expect(await codeOf(local(url))).toBe(code))
})

describe('without allowLocal', () => {
  const strict = guardedFetch({ clock: systemClock, allowLocal: false })

  test.each([
    'https://127.0.0.1/', 'https://127.1/', 'https://0x7f000001/', 'https://2130706433/', 'https://[::1]/', 'https://[::ffff:127.0.0.1]/', 'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data', 'https://100.64.0.1/', 'https://[fd00::1]/', 'https://[fe80::1]/', 'https://[ff02::1]/', 'https://0.0.0.0/', 'https://localhost/',
  ])('%s is a forbidden address', async (url) => expect(await codeOf(strict(url))).toBe('address-forbidden'))

  test('http is refused', async () => expect(await codeOf(strict('http://example.com/'))).toBe('not-https'))

  test('a name is refused when any of its addresses is private', async () => {
    const addressesOf = () => Promise.resolve([{ address: '93.184.216.34', family: 4 }, { address: '192.168.0.1', family: 4 }])
    expect(await codeOf(guardedFetch({ clock: systemClock, allowLocal: false, addressesOf })('https://wallet.example/'))).toBe('address-forbidden')
  })

  test('a name that does not resolve is unreachable', async () => {
    const addressesOf = () => Promise.reject(Object.assign(new Error('no such host'), { code: 'ENOTFOUND' }))
    expect(await codeOf(guardedFetch({ clock: systemClock, allowLocal: false, addressesOf })('https://wallet.example/'))).toBe('unreachable')
  })
})

test('the connection goes to the address that was checked: a name is resolved once for each', async () => {
  const server = await serve((request, response) => response.end(request.headers.host))
  const answers = [[{ address: '127.0.0.1', family: 4 }], [{ address: '127.0.0.2', family: 4 }]]
  let asked = 0
  const rebinding = guardedFetch({ clock: systemClock, allowLocal: true, addressesOf: () => Promise.resolve(answers[asked++] ?? []) })
  const answer = await rebinding(`http://rebinding.example:${server.port}/`)
  expect(answer.body.toString()).toBe(`rebinding.example:${server.port}`)
  expect(asked).toBe(1)
})
