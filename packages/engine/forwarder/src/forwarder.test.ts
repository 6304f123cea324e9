import { createHash } from 'node:crypto'
import { type Fulfill, ildcpRequest, isFulfill, LinkFault, PacketType, type Prepare, reject, type Reply, decodeAmountTooLarge, readIldcpFulfill } from '@rivulet/ilp'
import { type MemoryLink, memoryLinkPair } from '@rivulet/links'
import { TestClock } from '@rivulet/time/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Forwarder, type ForwarderOptions, type PeerLimits, type PeerSpec } from './index.ts'

const eur = { code: 'EUR', scale: 9 }
const cents = { code: 'EUR', scale: 2 }
const usd = { code: 'USD', scale: 9 }
const limits: PeerLimits = { packetAmountMax: 10n ** 12n, packetsPerSecondMax: 1_000, packetsBurstMax: 1_000, owedMax: 10n ** 15n }
const preimage = Buffer.alloc(32, 3)
const fulfill: Fulfill = { type: PacketType.fulfill, fulfillment: preimage, data: Buffer.from('paid') }
const quiet = { info: () => {}, warn: () => {}, error: () => {} }

/** A forwarder `g.hop` with peers alice and bob, whose far ends the test holds. Bob fulfils everything and keeps what he got. */
function hop(options: { forwarder?: Partial<ForwarderOptions>; alice?: Partial<PeerSpec>; bob?: Partial<PeerSpec> } = {}) {
  const clock = new TestClock()
  const forwarder = new Forwarder({ address: 'g.hop', clock, log: quiet, ...options.forwarder })
  const [aliceLink, alice] = memoryLinkPair({ clock })
  const [bobLink, bob] = memoryLinkPair({ clock })
  forwarder.addPeer({ id: 'alice', address: 'g.hop.alice', asset: eur, link: aliceLink, limits, ...options.alice })
  forwarder.addPeer({ id: 'bob', address: 'g.hop.bob', asset: eur, link: bobLink, limits, ...options.bob })
  const arrived: Prepare[] = []
  bob.receive((prepare) => {
    arrived.push(prepare)
    return Promise.resolve(fulfill)
  })
  const packet = (changes: Partial<Prepare> = {}): Prepare => ({
    amount: 100n, expiresAtMs: clock.nowMs() + 20_000, condition: createHash('sha256').update(preimage).digest(), destination: 'g.hop.bob.page', data: Buffer.from('data'), ...changes,
  })
  const send = (changes: Partial<Prepare> = {}, link: Pick<MemoryLink, 'send'> = alice): Promise<string> => codeOf(link.send(packet(changes)))
  return { clock, forwarder, alice, bob, arrived, packet, send }
}

const codeOf = (sent: Promise<Reply>): Promise<string> =>
  sent.then(
    (reply) => (isFulfill(reply) ? 'fulfilled' : reply.code),
    (error: unknown) => (error instanceof LinkFault ? error.code : String(error)),
  )

describe('a packet that passes', () => {
  test('arrives with nothing changed but its expiry, and its reply comes back untouched', async () => {
    const { alice, arrived, packet } = hop()
    expect(await alice.send(packet())).toEqual(fulfill)
    expect(arrived).toEqual([packet({ expiresAtMs: packet().expiresAtMs - 1_000 })])
  })

  test('keeps the Reject of the next hop', async () => {
    const { alice, bob, packet } = hop()
    const refusal = reject('F99', 'g.hop.bob', 'no', Buffer.from('why'))
    bob.receive(() => Promise.resolve(refusal))
    expect(await alice.send(packet())).toEqual(refusal)
  })

  test('to a local prefix is handled here, with its own expiry and with the peer that it came from', async () => {
    const { alice, forwarder, packet } = hop({ alice: { linkAccountId: 'acct_alice' } })
    const seen: unknown[] = []
    forwarder.local('g.hop.receiver', (prepare, from) => {
      seen.push(prepare, from.id, from.linkAccountId)
      return Promise.resolve(fulfill)
    })
    const prepare = packet({ destination: 'g.hop.receiver.token' })
    expect(await alice.send(prepare)).toEqual(fulfill)
    expect(seen).toEqual([prepare, 'alice', 'acct_alice'])
  })

  test('may be one of our own role: it takes the same way', async () => {
    const { forwarder, arrived, packet } = hop()
    expect(await forwarder.sender(eur).send(packet())).toEqual(fulfill)
    expect(arrived).toHaveLength(1)
    expect(await codeOf(forwarder.sender(eur).send(packet({ amount: 10n ** 12n + 1n })))).toBe('F08')
  })
})

describe('size', () => {
  test('beyond 10^12 units is F08 with the largest packet in its data, before anything else is looked at', async () => {
    const { alice, packet } = hop()
    const reply = await alice.send(packet({ amount: 10n ** 12n + 1n, destination: 'g.nowhere' }))
    expect(reply).toMatchObject({ code: 'F08', triggeredBy: 'g.hop' })
    expect(decodeAmountTooLarge(reply.data)).toEqual({ receivedAmount: 10n ** 12n + 1n, maximumAmount: 10n ** 12n })
  })

  test('beyond the limit of the peer it comes from, or goes to, is F08 in units of the sender', async () => {
    const from = hop({ alice: { limits: { ...limits, packetAmountMax: 99n } } })
    expect(await from.send()).toBe('F08')
    const to = hop({ alice: { asset: cents }, bob: { limits: { ...limits, packetAmountMax: 10n ** 9n } } })
    const reply = await to.alice.send(to.packet({ amount: 101n }))
    expect(decodeAmountTooLarge(reply.data)).toEqual({ receivedAmount: 101n, maximumAmount: 100n })
    expect(await to.send({ amount: 100n })).toBe('fulfilled')
  })
})

describe('expiry', () => {
  test('is at most 30 s from now, less the margin for the next hop', async () => {
    const { clock, send, arrived } = hop()
    await send({ expiresAtMs: clock.nowMs() + 600_000 })
    expect(arrived[0]?.expiresAtMs).toBe(clock.nowMs() + 29_000)
  })

  test('too near for a further hop is R02, and nothing is sent', async () => {
    const { clock, send, arrived } = hop()
    expect(await send({ expiresAtMs: clock.nowMs() + 1_499 })).toBe('R02')
    expect(arrived).toEqual([])
    expect(await send({ expiresAtMs: clock.nowMs() + 1_500 })).toBe('fulfilled')
  })

  test('in the past is R00', async () => {
    const { clock, forwarder, packet } = hop()
    expect(await codeOf(forwarder.sender(eur).send(packet({ expiresAtMs: clock.nowMs() })))).toBe('R00')
  })
})

describe('a peer', () => {
  test('gets nothing back that it sent, and nothing below peer. is forwarded', async () => {
    const { forwarder, send } = hop()
    expect(await send({ destination: 'g.hop.alice.page' })).toBe('F02')
    forwarder.addRoute('peer.bob', 'bob')
    expect(await send({ destination: 'peer.bob' })).toBe('F02')
  })

  test('learns its address and asset by ILDCP', async () => {
    const { clock, alice } = hop()
    const reply = await alice.send(ildcpRequest(clock.nowMs() + 10_000))
    expect(isFulfill(reply) && readIldcpFulfill(reply)).toEqual({ clientAddress: 'g.hop.alice', assetCode: 'EUR', assetScale: 9 })
    expect(await codeOf(alice.send({ ...ildcpRequest(clock.nowMs() + 10_000), destination: 'peer.config.x' }))).toBe('F02')
  })

  test('that was removed is neither heard nor reached', async () => {
    const { forwarder, send } = hop()
    forwarder.removePeer('bob')
    expect(await send()).toBe('F02')
    forwarder.removePeer('alice')
    expect(await send()).toBe('T01')
  })

  test('has an id and an address of its own', () => {
    const { clock, forwarder } = hop()
    const [link] = memoryLinkPair({ clock })
    const carol = { id: 'carol', address: 'g.hop.carol', asset: eur, link, limits }
    expect(() => forwarder.addPeer({ ...carol, id: 'alice' })).toThrow('alice')
    expect(() => forwarder.addPeer({ ...carol, address: 'g.hop.bob' })).toThrow('g.hop.bob')
    expect(() => forwarder.addPeer({ ...carol, address: 'no address' })).toThrow('no address')
  })
})

describe('rate limit', () => {
  test('takes a burst, then one packet per interval, and T05 for what comes faster', async () => {
    const { clock, send } = hop({ alice: { limits: { ...limits, packetsPerSecondMax: 10, packetsBurstMax: 3 } } })
    const three = [await send(), await send(), await send(), await send()]
    expect(three).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'T05'])
    await clock.advance(99)
    expect(await send()).toBe('T05')
    await clock.advance(1)
    expect([await send(), await send()]).toEqual(['fulfilled', 'T05'])
  })

  test('spaces our packets to a paced peer evenly, and refuses beyond a second of waiting', async () => {
    const { clock, send, bob } = hop({ bob: { limits: { ...limits, outgoingPacketsPerSecondMax: 10 } } })
    const startMs = clock.nowMs()
    const atMs: number[] = []
    bob.receive(() => {
      atMs.push(clock.nowMs() - startMs)
      return Promise.resolve(fulfill)
    })
    const sent = Array.from({ length: 13 }, () => send())
    await clock.advance(2_000)
    expect(atMs).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1_000])
    expect((await Promise.all(sent)).filter((code) => code === 'T05')).toHaveLength(2)
  })
})

describe('balance', () => {
  test('a peer owes at most its limit, packets in flight included; what it settles is free again', async () => {
    const { forwarder, send, bob } = hop({ alice: { limits: { ...limits, owedMax: 250n } } })
    const held = Promise.withResolvers<Reply>()
    const asked = Promise.withResolvers<void>()
    bob.receive(() => {
      asked.resolve()
      return held.promise
    })
    const first = [send(), send()]
    await asked.promise
    expect(await send()).toBe('T04')
    held.resolve(fulfill)
    expect(await Promise.all(first)).toEqual(['fulfilled', 'fulfilled'])
    expect(forwarder.owedBy('alice')).toBe(200n)
    expect(await send()).toBe('T04')
    forwarder.settled('alice', 150n)
    expect(await send()).toBe('fulfilled')
    expect(forwarder.owedBy('alice')).toBe(150n)
  })

  test('what was rejected or never answered is not owed', async () => {
    const { clock, forwarder, send, bob } = hop({ alice: { limits: { ...limits, owedMax: 100n } } })
    bob.receive(() => Promise.resolve(reject('F99', '', '')))
    expect(await send()).toBe('F99')
    bob.receive(() => new Promise(() => {}))
    const unanswered = send()
    await clock.advance(25_000)
    expect(await unanswered).toBe('R00')
    bob.receive(() => Promise.resolve(fulfill))
    expect(await send()).toBe('fulfilled')
    expect(forwarder.owedBy('bob')).toBe(-100n)
  })

  test('what we owe is settled beyond the threshold, once at a time, and owed again when that fails', async () => {
    const settlements: bigint[] = []
    const outcomes: PromiseWithResolvers<void>[] = []
    const settle = (units: bigint): Promise<void> => {
      settlements.push(units)
      const outcome = Promise.withResolvers<void>()
      outcomes.push(outcome)
      return outcome.promise
    }
    const { clock, forwarder, send } = hop({ bob: { settlement: { thresholdUnits: 200n, settle } } })
    for (let count = 0; count < 5; count += 1) await send()
    expect(settlements).toEqual([200n])
    expect(forwarder.owedBy('bob')).toBe(-300n)
    outcomes[0]?.reject(new Error('the bank is closed'))
    await clock.advance(1)
    expect(forwarder.owedBy('bob')).toBe(-500n)
    await send()
    outcomes[1]?.resolve()
    await clock.advance(1)
    expect(settlements).toEqual([200n, 600n])
    expect(forwarder.owedBy('bob')).toBe(0n)
  })

  test('after any mix of outcomes each side owes exactly what was fulfilled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.bigInt(0n, 1_000n), fc.boolean()), { maxLength: 30 }), async (packets) => {
        const { forwarder, send, bob } = hop()
        bob.receive((prepare) => Promise.resolve(prepare.data[0] === 1 ? fulfill : reject('T00', '', '')))
        await Promise.all(packets.map(([amount, paid]) => send({ amount, data: Buffer.from([paid ? 1 : 0]) })))
        const total = packets.reduce((sum, [amount, paid]) => (paid ? sum + amount : sum), 0n)
        expect([forwarder.owedBy('alice'), forwarder.owedBy('bob')]).toEqual([total, -total])
      }),
      { numRuns: 30 },
    )
  })
})

describe('rate', () => {
  test('between scales of one currency is exact, and rounds down', async () => {
    const up = hop({ alice: { asset: cents } })
    await up.send({ amount: 3n })
    expect(up.arrived[0]?.amount).toBe(30_000_000n)
    const down = hop({ bob: { asset: cents } })
    await down.send({ amount: 29_999_999n })
    expect(down.arrived[0]?.amount).toBe(2n)
    expect([down.forwarder.owedBy('alice'), down.forwarder.owedBy('bob')]).toEqual([29_999_999n, -2n])
  })

  test('that leaves less than one unit is R01; nothing stays nothing', async () => {
    const { send, arrived } = hop({ bob: { asset: cents } })
    expect(await send({ amount: 9_999_999n })).toBe('R01')
    expect(await send({ amount: 0n })).toBe('fulfilled')
    expect(arrived.map((prepare) => prepare.amount)).toEqual([0n])
  })

  test('between currencies is the one handed in; without one the packet is T00', async () => {
    const rateOf = () => ({ numerator: 108n, denominator: 100n })
    const known = hop({ bob: { asset: usd }, forwarder: { rateOf } })
    await known.send({ amount: 99n })
    expect(known.arrived[0]?.amount).toBe(106n)
    expect(await hop({ bob: { asset: usd } }).send()).toBe('T00')
  })
})

describe('route', () => {
  test('goes to the longest prefix of whole segments, and F02 without one', async () => {
    const { forwarder, send, arrived } = hop()
    const local: string[] = []
    forwarder.local('g.hop.bob.inner', (prepare) => {
      local.push(prepare.destination)
      return Promise.resolve(fulfill)
    })
    forwarder.addRoute('test', 'bob')
    for (const destination of ['g.hop.bob.inner', 'g.hop.bob.inner.x', 'g.hop.bob.inne', 'g.hop.bob.innerx', 'g.hop.bob', 'test.far.away']) expect(await send({ destination })).toBe('fulfilled')
    expect(local).toEqual(['g.hop.bob.inner', 'g.hop.bob.inner.x'])
    expect(arrived).toHaveLength(4)
    for (const destination of ['g.hop', 'g.hopp.bob', 'g.hop.bobby', 'private.x']) expect(await send({ destination })).toBe('F02')
    forwarder.removeRoute('test')
    expect(await send({ destination: 'test.far.away' })).toBe('F02')
  })

  test('a Fulfill with a false preimage is F05, and nobody owes anything', async () => {
    const { forwarder, send, bob } = hop()
    bob.receive(() => Promise.resolve({ ...fulfill, fulfillment: Buffer.alloc(32, 4) }))
    expect(await send()).toBe('F05')
    expect([forwarder.owedBy('alice'), forwarder.owedBy('bob')]).toEqual([0n, 0n])
  })

  test('where the sender of this process knows the preimage, any other is F05 as well', async () => {
    const { forwarder, bob, packet } = hop()
    const answers = [preimage, Buffer.alloc(32, 4), preimage.subarray(1)]
    bob.receive(() => Promise.resolve({ ...fulfill, fulfillment: answers.shift() ?? preimage }))
    const codes: string[] = []
    while (answers.length > 0) codes.push(await codeOf(forwarder.sender(eur).send({ ...packet(), fulfillment: preimage })))
    expect(codes).toEqual(['fulfilled', 'F05', 'F05'])
    expect(forwarder.owedBy('bob')).toBe(-100n)
  })

  test('a local handler that throws is T00', async () => {
    const { forwarder, send } = hop()
    forwarder.local('g.hop.broken', () => Promise.reject(new Error('defect')))
    expect(await send({ destination: 'g.hop.broken' })).toBe('T00')
    forwarder.local('g.hop.worse', () => {
      throw new Error('defect')
    })
    expect(await send({ destination: 'g.hop.worse' })).toBe('T00')
    expect(forwarder.owedBy('alice')).toBe(0n)
  })
})

describe('a packet in doubt', () => {
  test('is thrown at our own role', async () => {
    const { bob, forwarder, packet } = hop()
    const asked = Promise.withResolvers<void>()
    bob.receive(() => {
      asked.resolve()
      return new Promise(() => {})
    })
    const outcome = codeOf(forwarder.sender(eur).send(packet()))
    await asked.promise
    bob.close()
    expect(await outcome).toBe('no-answer')
  })

  test('is still heard of by our own role when its Fulfill comes late, and the peer is owed for it', async () => {
    const { clock, bob, forwarder, packet } = hop()
    const answer = Promise.withResolvers<Reply>()
    bob.receive(() => answer.promise)
    const heard: Reply[] = []
    const outcome = codeOf(forwarder.sender(eur).send(packet(), { wantedUntilMs: () => Infinity, hear: (reply) => heard.push(reply) }))
    await clock.advance(22_000)
    expect(await outcome).toBe('no-answer')
    answer.resolve(fulfill)
    await clock.advance(0)
    expect(heard).toEqual([fulfill])
    expect(forwarder.owedBy('bob')).toBe(-packet().amount)
  })

  test('gets no answer to a peer before it has expired', async () => {
    const { clock, bob, alice, packet } = hop()
    const asked = Promise.withResolvers<void>()
    bob.receive(() => {
      asked.resolve()
      return new Promise(() => {})
    })
    let over = false
    const outcome = codeOf(alice.send(packet())).finally(() => (over = true))
    await asked.promise
    bob.close()
    await clock.advance(19_999)
    expect(over).toBe(false)
    await clock.advance(1)
    expect(await outcome).toBe('R00')
  })
})

describe('peers of other operators', () => {
  test('get nothing from one another here, but our own roles reach them and they reach our own', async () => {
    const { forwarder, send, packet, arrived } = hop({ alice: { external: true }, bob: { external: true } })
    expect(await send()).toBe('F02')
    expect(arrived).toEqual([])
    expect(await codeOf(forwarder.sender(eur).send(packet()))).toBe('fulfilled')
    forwarder.local('g.hop.receiver', () => Promise.resolve(fulfill))
    expect(await send({ destination: 'g.hop.receiver.x' })).toBe('fulfilled')
  })

  test('while paused give and get T01 that says so, and other limits hold from the next packet on', async () => {
    const { forwarder, alice, send, packet } = hop()
    forwarder.changePeer('bob', { limits, paused: true })
    expect(await alice.send(packet())).toMatchObject({ code: 'T01', message: 'bob is paused' })
    forwarder.changePeer('bob', { limits, paused: false })
    expect(await send()).toBe('fulfilled')
    forwarder.changePeer('alice', { limits: { ...limits, packetAmountMax: 99n } })
    expect(await send()).toBe('F08')
    expect(() => forwarder.changePeer('carol', { limits })).toThrow(expect.objectContaining({ code: 'peer-unknown' }))
  })

  test('are reached one by one in units of their own, whatever the routes say, until they are removed', async () => {
    const { forwarder, packet, arrived } = hop({ bob: { asset: usd } })
    const toBob = forwarder.senderTo('bob')
    expect(await codeOf(toBob.send(packet({ amount: 77n, destination: 'g.elsewhere.page' })))).toBe('fulfilled')
    expect(arrived.map(({ amount, destination }) => [amount, destination])).toEqual([[77n, 'g.elsewhere.page']])
    expect(forwarder.peerFor('g.hop.bob.page')).toBe('bob')
    forwarder.removePeer('bob')
    expect(await codeOf(toBob.send(packet()))).toBe('T01')
    expect(forwarder.peerFor('g.hop.bob.page')).toBeUndefined()
    expect(() => forwarder.senderTo('bob')).toThrow(expect.objectContaining({ code: 'peer-unknown' }))
  })

  test('owe what their own credit line allows, asked at once or later, and every packet leaves it again', async () => {
    const seen: unknown[] = []
    const answers: (boolean | Promise<boolean>)[] = [true, Promise.resolve(true), false, Promise.resolve(false)]
    const credit = { reserve: (units: bigint) => (seen.push(['reserve', units]), answers.shift() ?? false), release: (units: bigint, fulfilled: boolean) => void seen.push(['release', units, fulfilled]) }
    const { send, bob } = hop({ alice: { credit } })
    expect(await send({ amount: 5n })).toBe('fulfilled')
    bob.receive(() => Promise.resolve(reject('F99', 'g.hop.bob', 'no')))
    expect(await send({ amount: 6n })).toBe('F99')
    expect([await send({ amount: 7n }), await send({ amount: 8n })]).toEqual(['T04', 'T04'])
    expect(seen).toEqual([['reserve', 5n], ['release', 5n, true], ['reserve', 6n], ['release', 6n, false], ['reserve', 7n], ['reserve', 8n]])
  })
})
