import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { begin, failuresMax, hasStream, next, pauseMaxMs, type Permit, type SessionEffect, type SessionEvent, type SessionState } from './session.ts'

const pay: Permit = { rate: 100n }
const hidden: Permit = { reason: 'hidden' }

/** The state and the effects of the last event, after these events one second apart. */
function after(permit: Permit, events: readonly SessionEvent[]): { readonly state: SessionState; readonly effects: readonly SessionEffect[]; readonly nowMs: number } {
  let { state, effects } = begin(permit)
  let nowMs = 0
  for (const event of events) {
    nowMs += 1_000
    const moved = next(state, event, nowMs)
    state = moved.state
    effects = moved.effects
  }
  return { state, effects, nowMs }
}

const resolved: SessionEvent = { type: 'resolved' }
const opened: SessionEvent = { type: 'opened' }
const permit = (given: Permit): SessionEvent => ({ type: 'permit', permit: given })
const tell = (told: string, more: object = {}): object => ({ type: 'tell', tell: told, ...more })
const ticks = (count: number): SessionEvent[] => Array.from({ length: count }, () => ({ type: 'tick' }))
const unreachable: SessionEvent = { type: 'broken', passing: 'receiver-unreachable' }

const table: readonly [string, Permit, readonly SessionEvent[], readonly object[]][] = [
  ['a request that may pay opens a stream once its pointer resolves', pay, [resolved], [tell('loaded'), { type: 'open', rate: 100n }]],
  ['a request of nobody is only told that its pointer resolves', { reason: 'not-connected' }, [resolved], [tell('loaded')]],
  ['a hidden request is told why it does not pay', hidden, [resolved], [tell('loaded'), tell('paused', { reason: 'hidden' })]],
  ['a pointer that does not resolve fails for good', pay, [{ type: 'unresolved', code: 'not-found', message: 'm' }], [tell('failed', { code: 'not-found', message: 'm' })]],
  ['nothing is opened before the pointer resolves', pay, [permit({ rate: 50n })], []],
  ['a fresh stream starts without a word', pay, [resolved, opened], []],
  ['a page that hides pauses its stream', pay, [resolved, opened, permit(hidden)], [{ type: 'pause' }, tell('paused', { reason: 'hidden' })]],
  ['a page that shows again goes on', pay, [resolved, opened, permit(hidden), permit(pay)], [{ type: 'rate', rate: 100n }, { type: 'resume' }, tell('resumed')]],
  ['another reason for the same pause is told', pay, [resolved, opened, permit(hidden), permit({ reason: 'other-page' })], [tell('paused', { reason: 'other-page' })]],
  ['a stream whose page hid while it opened is paused at once', pay, [resolved, permit(hidden), opened], [{ type: 'pause' }]],
  ['a share of the rate that changed while the stream opened is set', pay, [resolved, permit({ rate: 50n }), opened], [{ type: 'rate', rate: 50n }]],
  ['a second link halves the rate', pay, [resolved, opened, permit({ rate: 50n })], [{ type: 'rate', rate: 50n }]],
  ['a stream paused for 30 s is closed', pay, [resolved, opened, permit(hidden), ...ticks(pauseMaxMs / 1_000)], [{ type: 'close', reason: 'paused' }]],
  ['a stream paused for 29 s is not closed', pay, [resolved, opened, permit(hidden), ...ticks(pauseMaxMs / 1_000 - 1)], []],
  ['after a long pause a fresh stream is opened', pay, [resolved, opened, permit(hidden), ...ticks(30), permit(pay)], [{ type: 'open', rate: 100n }]],
  ['bookings that wait pause the stream', pay, [resolved, opened, { type: 'stalled', stalled: true }], [{ type: 'pause' }, tell('paused', { reason: 'wallet-unavailable' })]],
  ['a permit does not wake a stalled stream', pay, [resolved, opened, { type: 'stalled', stalled: true }, permit({ rate: 50n })], []],
  ['bookings that are through let the stream go on', pay, [resolved, opened, { type: 'stalled', stalled: true }, { type: 'stalled', stalled: false }], [{ type: 'rate', rate: 100n }, { type: 'resume' }, tell('resumed')]],
  ['a spent budget waits for a new permit', pay, [resolved, { type: 'broken', passing: 'budget-spent' }, ...ticks(100)], []],
  ['money that arrives lets a spent request go on', pay, [resolved, { type: 'broken', passing: 'budget-spent' }, permit(pay)], [{ type: 'open', rate: 100n }]],
  ['an unreachable receiver is told', pay, [resolved, unreachable], [tell('paused', { reason: 'receiver-unreachable' })]],
  ['an unreachable receiver is not tried again at once', pay, [resolved, unreachable, { type: 'tick' }], []],
  ['an unreachable receiver is tried again after 2 s', pay, [resolved, unreachable, ...ticks(2)], [{ type: 'open', rate: 100n }]],
  ['a receiver that opens again is not believed yet', pay, [resolved, unreachable, ...ticks(2), opened], []],
  ['a receiver that takes money again is back', pay, [resolved, unreachable, ...ticks(2), opened, { type: 'paid' }], [tell('resumed')]],
  ['a database that is away is tried again', pay, [resolved, { type: 'broken', passing: 'wallet-unavailable' }, ...ticks(3)], [{ type: 'open', rate: 100n }]],
  ['a receiver that refuses ends the request', pay, [resolved, opened, { type: 'broken', lasting: 'receiver-refused' }], [tell('stopped', { reason: 'receiver-refused' })]],
  ['stopping closes the stream', pay, [resolved, opened, { type: 'stop', reason: 'stopped' }], [{ type: 'close', reason: 'stopped' }, tell('stopped', { reason: 'stopped' })]],
  ['stopping while it opens closes the stream', pay, [resolved, { type: 'stop', reason: 'stopped' }], [{ type: 'close', reason: 'stopped' }, tell('stopped', { reason: 'stopped' })]],
  ['a stream that sits on a budget near its end is closed and opened again once its hold is free', pay, [resolved, opened, { type: 'share-funds' }], [{ type: 'close', reason: 'funds-shared' }, { type: 'open', rate: 100n, after: 'settled' }]],
  ['a paused stream gives its hold back at once', pay, [resolved, opened, permit(hidden), { type: 'share-funds' }], [{ type: 'close', reason: 'funds-shared' }]],
  ['a stream that opens holds nothing to share yet', pay, [resolved, { type: 'share-funds' }], []],
  ['what is over stays over', pay, [resolved, { type: 'stop', reason: 'stopped' }, permit(pay)], []],
]

describe('the machine of a request', () => {
  test.each(table)('%s', (_name, first, events, effects) => expect(after(first, events).effects).toEqual(effects))

  test(`a receiver that fails ${failuresMax} times in a row is given up, with a reason`, () => {
    const events: SessionEvent[] = [resolved]
    for (let failure = 0; failure < failuresMax; failure += 1) events.push(...ticks(60), unreachable)
    const { state, effects } = after(pay, events)
    expect(state.phase.name).toBe('over')
    expect(effects).toEqual([tell('stopped', { reason: 'receiver-unreachable' })])
  })

  test('a payment forgets the failures before it', () => {
    const once: SessionEvent[] = [unreachable, ...ticks(60), opened, { type: 'paid' }]
    expect(after(pay, [resolved, ...Array.from({ length: failuresMax * 3 }, () => once).flat()]).state.phase.name).toBe('paying')
  })
})

describe('whatever happens to a request', () => {
  const anyPermit = fc.constantFrom<Permit>(pay, { rate: 50n }, hidden, { reason: 'other-page' }, { reason: 'wallet-paused' })
  const anyEvent = fc.oneof(
    anyPermit.map(permit),
    fc.constantFrom<SessionEvent>(
      resolved, opened, unreachable, { type: 'broken', passing: 'wallet-unavailable' }, { type: 'broken', passing: 'budget-spent' }, { type: 'paid' },
      { type: 'stalled', stalled: true }, { type: 'stalled', stalled: false }, { type: 'tick' },
    ),
  )
  const run = fc.array(fc.record({ event: anyEvent, passesMs: fc.integer({ min: 0, max: 40_000 }) }), { maxLength: 80 })

  type Stream = 'none' | 'opening' | 'sending' | 'standing'
  const changes: Partial<Record<SessionEffect['type'], { readonly from: readonly Stream[]; readonly to: Stream }>> = {
    open: { from: ['none'], to: 'opening' },
    pause: { from: ['sending'], to: 'standing' },
    resume: { from: ['standing'], to: 'sending' },
    close: { from: ['opening', 'sending', 'standing'], to: 'none' },
  }

  test('a stream sends only with a permit, at its rate, and there is never more than one', () => {
    fc.assert(
      fc.property(anyPermit, run, (first, steps) => {
        let { state } = begin(first)
        let nowMs = 0
        let stream: Stream = 'none'
        let wrong = false
        let rate = 0n
        let granted = first
        let stalled = false
        for (const { event, passesMs } of steps) {
          nowMs += passesMs
          if (event.type === 'permit') granted = event.permit
          if (event.type === 'stalled' && hasStream(state)) stalled = event.stalled
          if (event.type === 'broken' && hasStream(state)) {
            stream = 'none'
            stalled = false
            if ('passing' in event && event.passing === 'budget-spent') granted = { reason: 'budget-spent' }
          }
          if (event.type === 'opened' && (stream as Stream) === 'opening') stream = 'sending'
          const moved = next(state, event, nowMs)
          for (const effect of moved.effects) {
            if (effect.type === 'rate') rate = effect.rate
            const change = changes[effect.type]
            if (change === undefined) continue
            wrong = wrong || !change.from.includes(stream)
            stream = change.to
            if (effect.type === 'open') rate = effect.rate
            if (effect.type === 'open' || effect.type === 'close') stalled = false
          }
          state = moved.state
          wrong = wrong || hasStream(state) !== (stream !== 'none')
          if (stream === 'sending') wrong = wrong || stalled || !('rate' in granted) || granted.rate !== rate
        }
        expect(wrong).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  test('the agent never hears the same pause twice in a row, and resumed only after paused', () => {
    fc.assert(
      fc.property(anyPermit, run, (first, steps) => {
        let { state } = begin(first)
        let nowMs = 0
        const words: string[] = []
        for (const { event, passesMs } of steps) {
          nowMs += passesMs
          const moved = next(state, event, nowMs)
          for (const effect of moved.effects) {
            if (effect.type !== 'tell' || effect.tell === 'loaded') continue
            words.push(effect.tell === 'paused' ? effect.reason : effect.tell)
          }
          state = moved.state
        }
        expect(words.every((word, index) => word !== words[index - 1])).toBe(true)
        expect(words[0]).not.toBe('resumed')
      }),
      { numRuns: 2_000 },
    )
  })
})
