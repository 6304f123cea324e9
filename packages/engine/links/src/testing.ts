/** What every Link keeps, whatever carries it: run against each of them. */
import { createHash, randomBytes } from 'node:crypto'
import { ErrorCode, isFulfill, LinkFault, PacketType, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { TestClock } from '@rivulet/time/testing'
import { describe, expect, test } from 'vitest'
import type { DuplexLink, LinkLimits, LinkLog } from './link.ts'

export interface LinkPair extends AsyncDisposable {
  readonly clock: TestClock
  readonly left: DuplexLink
  readonly right: DuplexLink
  /** Breaks every connection between the two; none comes back before the clock moves. */
  sever(): void
}

export const quietLog: LinkLog = { info: () => {}, warn: () => {}, error: () => {} }

export function preparePacket(clock: TestClock, changes: Partial<Prepare> = {}): Prepare {
  const condition = createHash('sha256').update(preimage).digest()
  return { amount: 10n, expiresAtMs: clock.nowMs() + 20_000, condition, destination: 'g.right.alice', data: Buffer.from('hello'), ...changes }
}

export const preimage = Buffer.alloc(32, 7)
export const fulfilled = (data: Buffer): Reply => ({ type: PacketType.fulfill, fulfillment: preimage, data })

/** A handler that answers when told, and a promise for the moment it was asked. */
function heldHandler(): { handler: (prepare: Prepare) => Promise<Reply>; asked: Promise<void>; answer: (reply: Reply) => void } {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<Reply>()
  const handler = (): Promise<Reply> => {
    asked.resolve()
    return answer.promise
  }
  return { handler, asked: asked.promise, answer: answer.resolve }
}

export const outcomeOf = (sent: Promise<Reply>): Promise<string> =>
  sent.then(
    (reply) => (isFulfill(reply) ? 'fulfilled' : reply.code),
    (error: unknown) => (error instanceof LinkFault ? error.code : String(error)),
  )

/** @param make two ends of a fresh link under the given limits */
export function linkCompliance(name: string, make: (limits: Partial<LinkLimits>) => Promise<LinkPair>): void {
  describe(`a link ${name}`, () => {
    test('carries packets and replies of every size byte for byte, in both directions', async () => {
      await using pair = await make({})
      const seen: Prepare[] = []
      for (const [here, there] of [[pair.left, pair.right], [pair.right, pair.left]] as const) {
        for (const bytes of [0, 1, 127, 128, 255, 256, 5_000, 32_767]) {
          const sent = preparePacket(pair.clock, { amount: 2n ** 64n - 1n, data: randomBytes(bytes) })
          const answered = fulfilled(randomBytes(bytes))
          there.receive((prepare) => {
            seen.push(prepare)
            return Promise.resolve(answered)
          })
          expect(await here.send(sent)).toEqual(answered)
          expect(seen.pop()).toEqual(sent)
        }
      }
      const refusal = reject(ErrorCode.applicationError, 'g.right', 'no, gräzie', randomBytes(500))
      pair.right.receive(() => Promise.resolve(refusal))
      expect(await pair.left.send(preparePacket(pair.clock))).toEqual(refusal)
    })

    test('gives each of many requests at once its own reply, whatever the order of the answers', async () => {
      await using pair = await make({})
      const held: (() => void)[] = []
      const all = Promise.withResolvers<void>()
      pair.right.receive((prepare) => {
        const { promise, resolve } = Promise.withResolvers<Reply>()
        held.push(() => resolve(fulfilled(prepare.data)))
        if (held.length === 30) all.resolve()
        return promise
      })
      const sent = Array.from({ length: 30 }, (_, index) => pair.left.send(preparePacket(pair.clock, { data: Buffer.from([index]) })))
      await all.promise
      for (const answer of held.toReversed()) answer()
      expect((await Promise.all(sent)).map((reply) => reply.data[0])).toEqual(Array.from({ length: 30 }, (_, index) => index))
    })

    test('leaves a packet without an answer in doubt, not before it has expired', async () => {
      await using pair = await make({})
      const { handler, asked } = heldHandler()
      pair.right.receive(handler)
      let over = false
      const outcome = outcomeOf(pair.left.send(preparePacket(pair.clock))).finally(() => (over = true))
      await asked
      await pair.clock.advance(20_000)
      expect(over).toBe(false)
      await pair.clock.advance(2_000)
      expect(await outcome).toBe('no-answer')
    })

    test('ignores an answer that comes after it gave up, and goes on', async () => {
      await using pair = await make({})
      const late = heldHandler()
      pair.right.receive(late.handler)
      const outcome = outcomeOf(pair.left.send(preparePacket(pair.clock)))
      await late.asked
      await pair.clock.advance(22_000)
      expect(await outcome).toBe('no-answer')
      late.answer(fulfilled(Buffer.from('late')))
      pair.right.receive((prepare) => Promise.resolve(fulfilled(prepare.data)))
      const reply = await pair.left.send(preparePacket(pair.clock, { data: Buffer.from('on') }))
      expect(reply.data.toString()).toBe('on')
    })

    test('hands an answer that comes after it gave up to whoever wants it, as long as it is wanted', async () => {
      await using pair = await make({})
      const heard: Reply[] = []
      for (const [wantedMs, hears] of [[60_000, 1], [25_000, 0]] as const) {
        const late = heldHandler()
        pair.right.receive(late.handler)
        const untilMs = pair.clock.nowMs() + wantedMs
        const { promise: told, resolve: tell } = Promise.withResolvers<void>()
        const listener = { wantedUntilMs: () => untilMs, hear: (reply: Reply) => (heard.push(reply), tell()) }
        const outcome = outcomeOf(pair.left.send(preparePacket(pair.clock), listener))
        await late.asked
        await pair.clock.advance(50_000)
        expect(await outcome).toBe('no-answer')
        late.answer(fulfilled(Buffer.from('late')))
        if (hears === 1) await told
        // What was answered after it has come after it.
        pair.right.receive((prepare) => Promise.resolve(fulfilled(prepare.data)))
        await pair.left.send(preparePacket(pair.clock))
        expect(heard.splice(0)).toHaveLength(hears)
      }
    })

    test('remembers no more than its limit of late answers, the newest', async () => {
      await using pair = await make({ lateAnswersMax: 3 })
      const held: ((reply: Reply) => void)[] = []
      const heard: string[] = []
      const { promise: told, resolve: tell } = Promise.withResolvers<void>()
      for (const round of [1, 2]) {
        const both = Promise.withResolvers<void>()
        pair.right.receive((prepare) => {
          const { promise, resolve } = Promise.withResolvers<Reply>()
          held.push(() => resolve(fulfilled(prepare.data)))
          if (held.length === 2 * round) both.resolve()
          return promise
        })
        const listener = (name: string) => ({ wantedUntilMs: () => Infinity, hear: () => heard.push(name) === 3 && tell() })
        const outcomes = ['a', 'b'].map((name) => outcomeOf(pair.left.send(preparePacket(pair.clock), listener(`${name}${round}`))))
        await both.promise
        await pair.clock.advance(22_000)
        expect(await Promise.all(outcomes)).toEqual(['no-answer', 'no-answer'])
      }
      for (const answer of held) answer(fulfilled(Buffer.alloc(0)))
      await told
      expect(heard.toSorted()).toEqual(['a2', 'b1', 'b2'])
    })

    test('leaves what is in flight in doubt when it breaks, and answers T01 after', async () => {
      await using pair = await make({})
      const { handler, asked } = heldHandler()
      pair.right.receive(handler)
      const outcome = outcomeOf(pair.left.send(preparePacket(pair.clock)))
      await asked
      pair.sever()
      expect(await outcome).toBe('no-answer')
      expect(await outcomeOf(pair.left.send(preparePacket(pair.clock)))).toBe('T01')
    })

    test('answers T00 for a handler that throws, and harms no other packet', async () => {
      await using pair = await make({})
      pair.right.receive((prepare) => (prepare.amount === 1n ? Promise.reject(new Error('defect')) : Promise.resolve(fulfilled(prepare.data))))
      const outcomes = [1n, 2n, 1n, 2n].map((amount) => outcomeOf(pair.left.send(preparePacket(pair.clock, { amount }))))
      expect(await Promise.all(outcomes)).toEqual(['T00', 'fulfilled', 'T00', 'fulfilled'])
    })

    test('answers T01 while nobody takes packets at the other end', async () => {
      await using pair = await make({})
      expect(await outcomeOf(pair.left.send(preparePacket(pair.clock)))).toBe('T01')
    })

    test('answers R00 itself for a packet that has expired, which does not leave', async () => {
      await using pair = await make({})
      let arrived = 0
      pair.right.receive((prepare) => {
        arrived += 1
        return Promise.resolve(fulfilled(prepare.data))
      })
      expect(await outcomeOf(pair.left.send(preparePacket(pair.clock, { expiresAtMs: pair.clock.nowMs() })))).toBe('R00')
      expect(arrived).toBe(0)
    })

    test('answers T03 beyond its limit of requests in flight, and takes more when there is room', async () => {
      await using pair = await make({ requestsInFlightMax: 2 })
      const { handler, asked, answer } = heldHandler()
      pair.right.receive(handler)
      const first = [1, 2].map(() => outcomeOf(pair.left.send(preparePacket(pair.clock))))
      await asked
      expect(await outcomeOf(pair.left.send(preparePacket(pair.clock)))).toBe('T03')
      answer(fulfilled(Buffer.alloc(0)))
      expect(await Promise.all(first)).toEqual(['fulfilled', 'fulfilled'])
      expect(await outcomeOf(pair.left.send(preparePacket(pair.clock)))).toBe('fulfilled')
    })
  })
}
