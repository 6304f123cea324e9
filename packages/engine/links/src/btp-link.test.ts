import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { decodeFrame, encodeFrame, type Frame, FrameType, ilpFrameBytes, writeIlpFrameHead } from '@rivulet/btp'
import { encodePrepare, encodeReply, type Reply } from '@rivulet/ilp'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { authFrame } from './btp-auth.ts'
import { BtpClient, BtpServer, fetchIldcp } from './index.ts'
import type { LinkLimits, LinkLog } from './link.ts'
import { fulfilled, linkCompliance, outcomeOf, preparePacket, quietLog } from './testing.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

/** Disposes while time goes on: closing waits for answers that some tests never give. */
async function disposed(clock: TestClock, resource: AsyncDisposable): Promise<void> {
  await Promise.all([resource[Symbol.asyncDispose](), clock.advance(10_000)])
}

async function listen(server: Server): Promise<{ url: string; sever: () => void }> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sever = (): void => sockets.forEach((socket) => socket.destroy())
  cleanups.push(() => {
    sever()
    server.close()
  })
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/btp`, sever }
}

/** A log that tells each warning as it comes. */
function watchedLog(): { log: LinkLog; warned: Promise<string> } {
  const { promise, resolve } = Promise.withResolvers<string>()
  return { log: { ...quietLog, warn: (fields, message) => resolve(`${message}: ${JSON.stringify(fields)}`) }, warned: promise }
}

async function serve(options: { limits?: Partial<LinkLimits>; log?: LinkLog } = {}) {
  const clock = new TestClock()
  const http = createServer()
  const btp = new BtpServer({ clock, log: options.log ?? quietLog, limits: options.limits ?? {} })
  btp.attach(http, '/btp')
  const link = btp.addPeer({ id: 'alice', token: 'secret' })
  link.receive((prepare) => Promise.resolve(fulfilled(prepare.data)))
  const place = await listen(http)
  cleanups.push(() => disposed(clock, btp))
  const connect = async (limits: Partial<LinkLimits> = {}): Promise<BtpClient> => {
    const client = new BtpClient({ url: place.url, token: 'secret', peerId: 'server', clock, log: quietLog, limits })
    cleanups.push(() => disposed(clock, client))
    await client.connected()
    return client
  }
  return { clock, http, btp, link, connect, ...place }
}

/** A bare WebSocket that keeps what it gets; authenticated unless told otherwise. */
async function bare(url: string, token: string | null = 'secret') {
  const socket = new WebSocket(url)
  const frames: Frame[] = []
  let arrived = Promise.withResolvers<void>()
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  socket.on('message', (data: Buffer) => {
    frames.push(decodeFrame(data))
    arrived.resolve()
    arrived = Promise.withResolvers()
  })
  socket.on('error', () => {})
  cleanups.push(() => socket.terminate())
  await new Promise<void>((resolve) => socket.on('open', () => resolve()))
  const next = async (): Promise<Frame> => {
    while (frames.length === 0) await arrived.promise
    return frames.shift() as Frame
  }
  if (token !== null) {
    socket.send(authFrame(9, { username: '', token }))
    if (token === 'secret') await next()
  }
  return { socket, closed, next }
}

function ilpFrame(type: typeof FrameType.message | typeof FrameType.response, requestId: number, packet: Buffer): Buffer {
  const frame = Buffer.alloc(ilpFrameBytes(packet.length))
  packet.copy(frame, writeIlpFrameHead(frame, { type, requestId, packetBytes: packet.length }))
  return frame
}

linkCompliance('over BTP', async (limits) => {
  const { clock, url, btp, sever } = await serve({ limits })
  const right = btp.addPeer({ id: 'left', token: 'left' })
  const left = new BtpClient({ url, token: 'left', username: 'left', peerId: 'right', clock, log: quietLog, limits })
  await left.connected()
  const dispose = async (): Promise<void> => {
    await disposed(clock, left)
    await disposed(clock, btp)
  }
  return { clock, left, right, sever, [Symbol.asyncDispose]: dispose }
})

describe('who connects', () => {
  test.each([
    ['an unknown token', authFrame(1, { username: '', token: 'guess' })],
    ['another name than the token\'s', authFrame(1, { username: 'bob', token: 'secret' })],
    ['a packet before auth', ilpFrame(FrameType.message, 1, encodePrepare(preparePacket(new TestClock())))],
    ['a first frame without auth', encodeFrame({ type: FrameType.message, requestId: 1, protocols: [] })],
  ])('with %s is told so and cut off', async (_, first) => {
    const { url, link, clock } = await serve()
    const stranger = await bare(url, null)
    stranger.socket.send(first)
    expect(await stranger.next()).toMatchObject({ type: FrameType.error, requestId: 1, code: 'F00' })
    expect(await stranger.closed).toBe(1008)
    expect(await outcomeOf(link.send(preparePacket(clock)))).toBe('T01')
  })

  test('and says nothing is cut off after 5 s, and once known never', async () => {
    const { log, warned } = watchedLog()
    const { url, clock } = await serve({ log })
    const known = await bare(url)
    const stranger = await bare(url, null)
    await clock.advance(4_999)
    expect(stranger.socket.readyState).toBe(WebSocket.OPEN)
    await clock.advance(1)
    await stranger.closed
    expect(await warned).toContain('within 5000 ms')
    expect(known.socket.readyState).toBe(WebSocket.OPEN)
  })

  test('with a token that two peers would share is refused when it is set up', async () => {
    const { btp } = await serve()
    expect(() => btp.addPeer({ id: 'bob', token: 'secret' })).toThrow('token')
  })

  test('elsewhere than on the path is left to others', async () => {
    const { http, url } = await serve()
    const other = new WebSocketServer({ noServer: true })
    http.on('upgrade', (request, socket, head) => {
      if (request.url === '/other') other.handleUpgrade(request, socket, head, (webSocket) => webSocket.close(4000))
    })
    const { closed } = await bare(url.replace('/btp', '/other'), null)
    expect(await closed).toBe(4000)
  })
})

describe('several connections of one peer', () => {
  test('share its packets, and the last one carries all', async () => {
    const { clock, link, connect } = await serve()
    const [first, second] = [await connect(), await connect()]
    const counts = [0, 0]
    for (const [index, client] of [first, second].entries()) {
      client.receive((prepare) => {
        counts[index] = (counts[index] ?? 0) + 1
        return Promise.resolve(fulfilled(prepare.data))
      })
    }
    await Promise.all(Array.from({ length: 10 }, () => link.send(preparePacket(clock))))
    expect(counts).toEqual([5, 5])
    await first[Symbol.asyncDispose]()
    // The server learns of the end with the next thing that it hears; the packet after it goes the other way.
    while ((await outcomeOf(link.send(preparePacket(clock)))) !== 'fulfilled');
    await Promise.all(Array.from({ length: 10 }, () => link.send(preparePacket(clock))))
    expect(counts[1]).toBeGreaterThanOrEqual(15)
  })
})

describe('a client', () => {
  test('comes back after its connection breaks, and after the server was away', async () => {
    const { clock, connect, sever } = await serve()
    const client = await connect()
    const inFlight = outcomeOf(client.send(preparePacket(clock)))
    sever()
    await inFlight
    expect(await outcomeOf(client.send(preparePacket(clock)))).toBe('T01')
    let back = false
    const connected = client.connected().finally(() => (back = true))
    while (!back) await clock.advance(100)
    await connected
    expect(await outcomeOf(client.send(preparePacket(clock)))).toBe('fulfilled')
  })

  test('waits longer after each refusal, up to 30 s', async () => {
    const { url, clock } = await serve()
    const delays: number[] = []
    let heard = Promise.withResolvers<void>()
    const log: LinkLog = {
      ...quietLog,
      warn: (fields) => {
        delays.push((fields as { retryInMs: number }).retryInMs)
        heard.resolve()
        heard = Promise.withResolvers()
      },
    }
    const client = new BtpClient({ url, token: 'wrong', peerId: 'server', clock, log })
    cleanups.push(() => disposed(clock, client))
    while (delays.length < 12) {
      await heard.promise
      // Moves on by less than the time in which a stranger or a connection is given up.
      for (let left = delays.at(-1) ?? 0; left > 0; left -= 1_000) await clock.advance(Math.min(left, 1_000))
    }
    expect(delays[0]).toBeLessThanOrEqual(100)
    expect(delays.every((delay, index) => delay >= Math.min(30_000, 100 * 2 ** index) / 2 && delay <= 30_000)).toBe(true)
  })

  test('is told its address and asset by ILDCP', async () => {
    const { clock, connect, link } = await serve()
    const { ildcpFulfill } = await import('@rivulet/ilp')
    link.receive(() => Promise.resolve(ildcpFulfill({ clientAddress: 'g.us.alice', assetCode: 'EUR', assetScale: 9 })))
    expect(await fetchIldcp(await connect(), clock)).toEqual({ address: 'g.us.alice', asset: { code: 'EUR', scale: 9 } })
    link.receive(() => Promise.resolve({ type: 14, code: 'F02', triggeredBy: '', message: 'no', data: Buffer.alloc(0) } satisfies Reply))
    await expect(fetchIldcp(await connect(), clock)).rejects.toMatchObject({ code: 'ildcp-refused' })
  })
})

describe('what a peer may say', () => {
  test('a BTP error is a temporary reject, an answer to nothing is ignored, other sub-protocols are acknowledged, and a transfer is not taken', async () => {
    const { url, clock, link } = await serve()
    const peer = await bare(url)
    peer.socket.send(ilpFrame(FrameType.response, 4_000_000_000, encodeReply(fulfilled(Buffer.alloc(0)))))
    const outcome = outcomeOf(link.send(preparePacket(clock)))
    const { requestId } = await peer.next()
    peer.socket.send(encodeFrame({ type: FrameType.error, requestId, code: 'F00', name: 'NotAcceptedError', triggeredAtMs: 0, message: 'no', protocols: [] }))
    expect(await outcome).toBe('T00')
    peer.socket.send(encodeFrame({ type: FrameType.message, requestId: 5, protocols: [{ name: 'gossip', contentType: 2, data: Buffer.from('{}') }] }))
    expect(await peer.next()).toEqual({ type: FrameType.response, requestId: 5, protocols: [] })
    peer.socket.send(encodeFrame({ type: FrameType.transfer, requestId: 6, amount: 5n, protocols: [] }))
    expect(await peer.next()).toMatchObject({ type: FrameType.error, requestId: 6 })
  })

  const prepare = encodePrepare(preparePacket(new TestClock()))
  test.each([
    ['text', 'hello'],
    ['nothing', Buffer.alloc(0)],
    ['an unknown frame type', Buffer.from([99, 0, 0, 0, 1, 2, 1, 0])],
    ['a truncated frame', ilpFrame(FrameType.message, 1, prepare).subarray(0, 40)],
    ['bytes behind the frame', Buffer.concat([ilpFrame(FrameType.message, 1, prepare), Buffer.from([1])])],
    ['a Prepare that is none', ilpFrame(FrameType.message, 1, Buffer.from([12, 3, 1, 2, 3]))],
    ['more than a frame may hold', Buffer.alloc(65_537)],
  ])('%s costs it the connection, says so in the log, and harms no other', async (_, bytes) => {
    const { log, warned } = watchedLog()
    const { url, clock, connect } = await serve({ log })
    const other = await connect()
    const peer = await bare(url)
    peer.socket.send(bytes)
    await peer.closed
    expect(await warned).toContain('BTP connection cut off')
    expect(await outcomeOf(other.send(preparePacket(clock)))).toBe('fulfilled')
  })

  test('a reply that is none leaves every packet of that connection in doubt', async () => {
    const { url, clock, link } = await serve()
    const peer = await bare(url)
    const outcomes = [1, 2].map(() => outcomeOf(link.send(preparePacket(clock))))
    peer.socket.send(ilpFrame(FrameType.response, (await peer.next()).requestId, Buffer.from([13, 1, 0])))
    expect(await Promise.all(outcomes)).toEqual(['no-answer', 'no-answer'])
  })

  test('any bytes end in an answer or in a cut connection, and the server lives on', async () => {
    const { url, clock, connect } = await serve()
    const other = await connect()
    const good = ilpFrame(FrameType.message, 7, prepare)
    const mutated = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(good)
      bytes[at] = byte
      return bytes
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))), async (bytes) => {
        const peer = await bare(url)
        peer.socket.send(bytes)
        peer.socket.send(good)
        await Promise.race([peer.next(), peer.closed])
        peer.socket.terminate()
      }),
      { numRuns: 150 },
    )
    expect(await outcomeOf(other.send(preparePacket(clock)))).toBe('fulfilled')
  })
})

describe('a peer that reads nothing', () => {
  test('gets no more than the limit of our packets: the rest is T03', async () => {
    const { clock, link, url } = await serve({ limits: { bufferedBytesMax: 100_000 } })
    const peer = await bare(url)
    peer.socket.pause()
    const outcomes = Array.from({ length: 10 }, () => outcomeOf(link.send(preparePacket(clock, { data: Buffer.alloc(30_000) }))))
    expect(await Promise.all(outcomes.slice(4))).toEqual(Array.from({ length: 6 }, () => 'T03'))
  })

  test('is cut off when its answers pile up', async () => {
    const { log, warned } = watchedLog()
    const { url, clock } = await serve({ log, limits: { bufferedBytesMax: 100_000 } })
    const peer = await bare(url)
    peer.socket.pause()
    const request = ilpFrame(FrameType.message, 1, encodePrepare(preparePacket(clock, { data: Buffer.alloc(30_000) })))
    for (let count = 0; count < 1_000; count += 1) peer.socket.send(request)
    expect(await warned).toContain('does not read')
  })
})

test('packets of one turn leave in one write', async () => {
  const { clock, http, connect } = await serve()
  const sockets: Socket[] = []
  http.on('connection', (socket: Socket) => sockets.push(socket))
  const client = await connect()
  let reads = 0
  sockets[0]?.on('data', () => (reads += 1))
  await Promise.all(Array.from({ length: 50 }, () => client.send(preparePacket(clock))))
  expect(reads).toBe(1)
})

test('nobody gets compression, even who asks for it', async () => {
  const { url } = await serve()
  expect((await bare(url)).socket.extensions).toBe('')
})

test('a packet that cannot be written is F01 and does not leave', async () => {
  const { clock, connect } = await serve()
  expect(await outcomeOf((await connect()).send(preparePacket(clock, { data: Buffer.alloc(40_000) })))).toBe('F01')
})

test('a connection that falls silent is cut off at the second beat', async () => {
  const { log, warned } = watchedLog()
  const { url, clock } = await serve({ log })
  const peer = await bare(url)
  peer.socket.pause()
  await clock.advance(30_000)
  expect(await warned).toContain('said nothing')
})

test('a reply that cannot be written is T00, and harms no other packet', async () => {
  const { clock, link, connect } = await serve()
  link.receive((prepare) => Promise.resolve(fulfilled(prepare.amount === 1n ? Buffer.alloc(40_000) : prepare.data)))
  const client = await connect()
  expect(await Promise.all([1n, 2n].map((amount) => outcomeOf(client.send(preparePacket(clock, { amount })))))).toEqual(['T00', 'fulfilled'])
})

describe('closing in good order', () => {
  test.each(['server', 'client'] as const)('by the %s answers what is in flight first, and takes no more', async (who) => {
    const { clock, btp, link, connect } = await serve()
    const client = await connect()
    const [asker, answerer] = who === 'server' ? [client, link] : [link, client]
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<Reply>()
    answerer.receive(() => {
      asked.resolve()
      return answer.promise
    })
    const inFlight = outcomeOf(asker.send(preparePacket(clock)))
    await asked.promise
    const closed = (who === 'server' ? btp : client)[Symbol.asyncDispose]()
    expect(await outcomeOf(asker.send(preparePacket(clock)))).toBe('T01')
    expect(await outcomeOf(answerer.send(preparePacket(clock)))).toBe('T01')
    answer.resolve(fulfilled(Buffer.alloc(0)))
    expect(await inFlight).toBe('fulfilled')
    await closed
    expect(await outcomeOf(asker.send(preparePacket(clock)))).toBe('T01')
  })

  test('waits 5 s for an answer, and leaves the packet in doubt', async () => {
    const { clock, btp, link, connect } = await serve()
    const asked = Promise.withResolvers<void>()
    const client = await connect()
    client.receive(() => {
      asked.resolve()
      return new Promise(() => {})
    })
    const inFlight = outcomeOf(link.send(preparePacket(clock)))
    await asked.promise
    const closed = btp[Symbol.asyncDispose]()
    let over = false
    const outcome = inFlight.finally(() => (over = true))
    await clock.advance(4_999)
    expect(over).toBe(false)
    await clock.advance(1)
    expect(await outcome).toBe('no-answer')
    await closed
  })
})
