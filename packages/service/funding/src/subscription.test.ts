import { newId } from '@rivulet/ids'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { periodStart } from './calendar.ts'
import { partsOf, type Plan } from './plan.ts'
import { begin, next, retryDays, type Step, type Subscription, type SubscriptionEffect, type SubscriptionEvent } from './subscription.ts'

const eur = { code: 'EUR', scale: 9 }
const plan = (name: string, price: bigint, more: Partial<Plan> = {}): Plan => ({
  id: newId('plan', 0), name, price, asset: eur, period: 'month', feeBasisPoints: 1_000, rate: 100_000n, pacing: 'stream', pool: 'none', trialDays: 0, ...more,
})
const small = plan('small', 5_000_000_000n)
const large = plan('large', 10_000_000_000n)
const yearly = plan('yearly', 50_000_000_000n, { period: 'year' })
const tried = plan('tried', 5_000_000_000n, { trialDays: 14 })
const id = newId('subs', 0)
const day = 86_400_000
const at = (text: string): number => Date.parse(`${text}T10:00:00Z`)
const kinds = (effects: readonly SubscriptionEffect[]): string[] => effects.map((effect) => (effect.type === 'tell' ? `tell ${effect.what}` : effect.type))
const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** Follows a subscription on a clock of days; a provider answers each charge by `accepts`. */
class Life {
  subscription: Subscription
  nowMs: number
  readonly effects: SubscriptionEffect[] = []
  #accepts: (key: string) => 'yes' | 'no' | 'never'

  constructor(of: Plan, startMs: number, accepts: (key: string) => 'yes' | 'no' | 'never' = () => 'yes') {
    this.nowMs = startMs
    this.#accepts = accepts
    const first = begin(id, of, { nowMs: startMs, trial: true })
    this.subscription = first.subscription
    this.#take(first)
  }

  happens(event: SubscriptionEvent): this {
    this.#take(next(this.subscription, event, this.nowMs))
    return this
  }

  until(ms: number): this {
    while (this.nowMs < ms) {
      this.nowMs += day / 4
      this.happens({ type: 'time' })
    }
    return this
  }

  funds(): Extract<SubscriptionEffect, { type: 'fund' }>[] {
    return this.effects.filter((effect) => effect.type === 'fund')
  }

  #take({ subscription, effects }: Step): void {
    this.subscription = subscription
    this.effects.push(...effects)
    for (const effect of effects) {
      if (effect.type !== 'charge') continue
      const answer = this.#accepts(effect.key)
      this.happens(answer === 'yes' ? { type: 'charged' } : { type: 'charge-failed', final: answer === 'never' })
    }
  }
}

describe('periods', () => {
  test('of a month begin on the same day, or on the last where there is none, and never forget it', () => {
    const anchor = at('2027-01-31')
    expect([0, 1, 2, 3, 13].map((count) => dateOf(periodStart(anchor, 'month', count)))).toEqual(['2027-01-31', '2027-02-28', '2027-03-31', '2027-04-30', '2028-02-29'])
  })

  test('of a year from a leap day end on 28 February until the next leap year', () => {
    expect([1, 4].map((count) => dateOf(periodStart(at('2028-02-29'), 'year', count)))).toEqual(['2029-02-28', '2032-02-29'])
  })

  test('keep the time of day and only grow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.nat(500), fc.constantFrom('month' as const, 'year' as const), (anchor, count, unit) => {
        const start = periodStart(anchor, unit, count)
        expect((start - anchor) % day === 0 && periodStart(anchor, unit, count + 1) > start).toBe(true)
      }),
    )
  })
})

describe('a subscription', () => {
  test('renewed for four years is charged and funded once a month, on the day it began', () => {
    const life = new Life(small, at('2027-01-31')).until(at('2031-01-30'))
    const charges = life.effects.filter(({ type }) => type === 'charge')
    expect([charges.length, life.funds().length, new Set(life.funds().map(({ key }) => key)).size]).toEqual([48, 48, 48])
    expect([life.subscription.status, dateOf(life.subscription.periodEndsMs)]).toEqual(['active', '2031-01-31'])
  })

  test('shares each period when it ends, before the next is charged', () => {
    const life = new Life(small, at('2027-01-01')).until(at('2027-02-02'))
    expect(kinds(life.effects)).toEqual(['charge', 'fund', 'tell receipt', 'share', 'charge', 'fund', 'tell receipt'])
  })

  test('with a trial has a budget at once, pays when the trial is over, and then by the month', () => {
    const life = new Life(tried, at('2027-01-01'))
    expect([life.subscription.status, kinds(life.effects)]).toEqual(['trial', ['fund']])
    life.until(at('2027-02-16'))
    expect([life.subscription.status, dateOf(life.subscription.periodEndsMs), life.funds().map(({ source }) => source)]).toEqual(['active', '2027-03-15', ['trial', 'charge', 'charge']])
  })

  test('with a trial is told a week before that ends, or at once when it is shorter, and not once it is over', () => {
    const told = ({ effects }: Life): boolean => kinds(effects).includes('tell trial-ends')
    const long = new Life(tried, at('2027-01-01')).until(at('2027-01-07'))
    expect([told(long), told(long.until(at('2027-01-08'))), told(new Life(plan('short', 5_000_000_000n, { trialDays: 3 }), at('2027-01-01')).happens({ type: 'time' }))]).toEqual([false, true, true])
    expect(kinds(long.until(at('2027-03-20')).effects).filter((kind) => kind === 'tell trial-ends')).toHaveLength(1)
    expect(kinds(next(new Life(tried, at('2027-01-01')).subscription, { type: 'time' }, at('2027-01-15')).effects)).toEqual(['share', 'charge'])
  })

  test('whose trial is over and whose card is refused for good ends, and she is told', () => {
    const life = new Life(tried, at('2027-01-01'), () => 'never').until(at('2027-01-16'))
    expect([life.subscription.status, kinds(life.effects)]).toEqual(['ended', ['fund', 'tell trial-ends', 'share', 'charge', 'share', 'tell ended']])
  })

  test('whose first charge fails never began', () => {
    const life = new Life(small, at('2027-01-01'), () => 'no')
    expect([life.subscription.status, kinds(life.effects)]).toEqual(['ended', ['charge']])
  })

  test('whose card dies is tried again after 1, 3, 5 and 7 days, then ends', () => {
    const life = new Life(small, at('2027-01-01'), (key) => (key === `${id}/1` ? 'yes' : 'no')).until(at('2027-03-01'))
    const failures = life.effects.filter((effect) => effect.type === 'tell' && effect.what === 'renewal-failed').length
    expect([life.subscription.status, failures, life.funds().length, life.effects.filter(({ type }) => type === 'charge').length]).toEqual(['ended', retryDays.length, 1, 2 + retryDays.length])
  })

  test('that a later try revives keeps its days', () => {
    const life = new Life(small, at('2027-01-10'), (key) => (key === `${id}/2` || key === `${id}/3` ? 'no' : 'yes')).until(at('2027-02-20'))
    expect([life.subscription.status, life.subscription.attempts, dateOf(life.subscription.periodEndsMs)]).toEqual(['active', 0, '2027-03-10'])
  })

  test('whose card was stolen ends with the first refusal that is final', () => {
    const life = new Life(small, at('2027-01-10'), (key) => (key === `${id}/2` ? 'never' : 'yes')).until(at('2027-02-20'))
    expect([life.subscription.status, life.effects.filter(({ type }) => type === 'charge').length]).toEqual(['ended', 2])
  })

  test('is charged at once when a new card comes during grace', () => {
    let card = 'dead'
    const life = new Life(small, at('2027-01-10'), (key) => (key === `${id}/1` || card === 'good' ? 'yes' : 'no')).until(at('2027-02-10') + day / 2)
    expect(life.subscription.status).toBe('grace')
    card = 'good'
    expect(life.happens({ type: 'card-changed' }).subscription.status).toBe('active')
  })

  test('an operator charges a failed renewal again before its time, and nothing else', () => {
    let card = 'good'
    const life = new Life(small, at('2027-01-10'), (key) => (key === `${id}/1` || card === 'good' ? 'yes' : 'no'))
    expect(() => life.happens({ type: 'charge-again' })).toThrow(expect.objectContaining({ code: 'subscription-state' }))
    card = 'empty'
    life.until(at('2027-02-10') + day / 2)
    expect([life.subscription.status, life.subscription.attempts]).toEqual(['grace', 1])
    expect([life.happens({ type: 'charge-again' }).subscription.status, life.subscription.attempts]).toEqual(['grace', 2])
    card = 'good'
    expect([life.happens({ type: 'charge-again' }).subscription.status, life.subscription.attempts]).toEqual(['active', 0])
  })

  test('whoever leaves for good ends at once, whatever was running: the rest is shared, nothing is charged any more, and leaving again changes nothing', () => {
    for (const life of [new Life(small, at('2027-01-01')), new Life(tried, at('2027-01-01')), new Life(small, at('2027-01-10'), (key) => (key === `${id}/1` ? 'yes' : 'no')).until(at('2027-02-11')), new Life(small, at('2027-01-01')).happens({ type: 'pause' }).until(at('2027-02-02'))]) {
      const before = life.effects.length
      life.happens({ type: 'leave' })
      expect([life.subscription.status, kinds(life.effects.slice(before))]).toEqual(['ended', ['share', 'tell ended']])
      const after = life.effects.length
      life.happens({ type: 'leave' }).until(life.nowMs + 60 * day)
      expect(life.effects.length).toBe(after)
    }
  })

  test('cancelled runs to the end of its period, and may be kept until then', () => {
    const life = new Life(small, at('2027-01-01')).happens({ type: 'cancel' }).until(at('2027-01-31'))
    expect([life.subscription.status, life.subscription.cancelled]).toEqual(['active', true])
    expect(life.until(at('2027-02-02')).subscription.status).toBe('ended')
    const kept = new Life(small, at('2027-01-01')).happens({ type: 'cancel' }).happens({ type: 'keep' }).until(at('2027-02-02'))
    expect(kept.subscription.status).toBe('active')
  })

  test('cancelled while a renewal waits to be tried again ends at once', () => {
    const life = new Life(small, at('2027-01-10'), (key) => (key === `${id}/1` ? 'yes' : 'no')).until(at('2027-02-11')).happens({ type: 'cancel' })
    expect(life.subscription.status).toBe('ended')
  })

  test('paused waits after its period without a charge, and begins anew on the day it is resumed', () => {
    const life = new Life(small, at('2027-01-01')).happens({ type: 'pause' }).until(at('2027-06-15'))
    expect([life.subscription.status, life.funds().length]).toEqual(['paused', 1])
    life.happens({ type: 'resume' })
    expect([life.subscription.status, dateOf(life.subscription.periodEndsMs), life.funds().length]).toEqual(['active', '2027-07-15', 2])
  })

  test('upgraded at half of the period pays half of the difference at once, and the new price from then on', () => {
    const life = new Life(small, at('2027-04-01')).until(at('2027-04-16')).happens({ type: 'change-plan', plan: large })
    expect([life.subscription.plan.name, life.funds().map(({ price }) => price)]).toEqual(['large', [5_000_000_000n, 2_500_000_000n]])
    expect(life.until(at('2027-05-02')).funds().at(-1)?.price).toBe(10_000_000_000n)
  })

  test('upgraded so late that no card pays the difference takes the dearer plan with the next period', () => {
    const life = new Life(small, at('2027-04-01')).until(at('2027-04-29')).happens({ type: 'change-plan', plan: large })
    expect([life.subscription.plan.name, life.subscription.nextPlan?.name, life.subscription.charging, life.funds().length]).toEqual(['small', 'large', undefined, 1])
    expect(life.until(at('2027-05-02')).funds().at(-1)?.price).toBe(10_000_000_000n)
    expect(new Life(small, at('2027-04-01')).until(at('2027-04-28')).happens({ type: 'change-plan', plan: large }).subscription.plan.name).toBe('large')
  })

  test('cancelled goes on with the plan that she chooses then, and forgets that one when she cancels again', () => {
    const life = new Life(large, at('2027-04-01')).happens({ type: 'cancel' }).happens({ type: 'change-plan', plan: small })
    expect([life.subscription.cancelled, life.subscription.nextPlan?.name]).toEqual([false, 'small'])
    expect(life.happens({ type: 'cancel' }).subscription).toMatchObject({ cancelled: true, nextPlan: undefined })
    expect(life.until(at('2027-05-02')).subscription.status).toBe('ended')
  })

  test('is not charged for a period that was over before anybody could begin it: the next one begins then', () => {
    const life = new Life(small, at('2027-01-31'))
    life.nowMs = at('2027-06-10')
    life.happens({ type: 'time' })
    expect([life.funds().length, life.subscription.status, dateOf(life.subscription.periodEndsMs)]).toEqual([2, 'active', '2027-07-10'])
    const late = new Life(small, at('2027-01-31'))
    late.nowMs = at('2027-03-27')
    late.happens({ type: 'time' })
    expect([late.funds().length, dateOf(late.subscription.periodEndsMs)]).toEqual([2, '2027-03-31'])
  })

  test('downgraded keeps its plan until the period ends', () => {
    const life = new Life(large, at('2027-04-01')).until(at('2027-04-16')).happens({ type: 'change-plan', plan: small })
    expect([life.subscription.plan.name, life.subscription.nextPlan?.name]).toEqual(['large', 'small'])
    expect(life.until(at('2027-05-02')).subscription.plan.name).toBe('small')
  })

  test('that changes to yearly counts its years from the day of the change', () => {
    const life = new Life(small, at('2027-01-31')).happens({ type: 'change-plan', plan: yearly }).until(at('2027-03-02'))
    expect([life.subscription.plan.name, dateOf(life.subscription.periodEndsMs)]).toEqual(['yearly', '2028-02-28'])
    expect(dateOf(life.until(at('2028-03-02')).subscription.periodEndsMs)).toBe('2029-02-28')
  })

  test('cannot change to a plan of another currency, nor after its end', () => {
    const life = new Life(small, at('2027-01-01'))
    expect(() => life.happens({ type: 'change-plan', plan: plan('usd', 1n, { asset: { code: 'USD', scale: 9 } }) })).toThrow('another currency')
    life.happens({ type: 'cancel' }).until(at('2027-02-02'))
    for (const type of ['cancel', 'keep', 'pause'] as const) expect(() => life.happens({ type })).toThrow('has ended')
  })

  test('that waits for her bank does so for a day: then it asks to have the charge closed, once, and what comes of it decides', () => {
    const waiting = next(begin(id, small, { nowMs: 0, trial: false }).subscription, { type: 'waits' }, 0)
    expect([waiting.subscription.waitsUntilMs, kinds(waiting.effects)]).toEqual([day, ['tell confirm-payment']])
    expect(next(waiting.subscription, { type: 'time' }, day - 1).effects).toEqual([])
    const lapsed = next(waiting.subscription, { type: 'time' }, day)
    expect([lapsed.effects, next(lapsed.subscription, { type: 'time' }, 9 * day).effects]).toEqual([[{ type: 'abandon', key: `${id}/1` }], []])
    expect(next(lapsed.subscription, { type: 'charge-failed', final: false }, day).subscription.status).toBe('ended')
    expect(next(lapsed.subscription, { type: 'charged' }, day).subscription).toMatchObject({ status: 'active', waitsUntilMs: undefined })
  })

  test('whose payment is disputed ends, and what is left goes back instead of being shared', () => {
    const life = new Life(small, at('2027-01-01')).happens({ type: 'disputed', key: `${id}/1`, wonBefore: 0 })
    expect([life.subscription.status, kinds(life.effects).slice(-2)]).toEqual(['ended', ['dispute', 'tell ended']])
  })

  test('whose dispute is won stays ended, and shares what came back in a statement of its own', () => {
    const life = new Life(small, at('2027-01-01')).happens({ type: 'disputed', key: `${id}/1`, wonBefore: 0 }).happens({ type: 'dispute-won', key: `${id}/1`, wonBefore: 0 })
    expect([life.subscription.status, life.effects.slice(-2)]).toEqual(['ended', [{ type: 'dispute-won', key: `${id}/1`, wonBefore: 0 }, { type: 'share', period: 1, plan: small }]])
  })

  test('of somebody who is frozen is never charged: it shares its period and waits as one that she paused, and what she cancelled ends', () => {
    const life = new Life(small, at('2027-01-01'))
    const renewal = next(life.subscription, { type: 'time', frozen: true }, at('2027-02-01'))
    expect([renewal.subscription.status, kinds(renewal.effects)]).toEqual(['paused', ['share', 'tell paused']])
    const cancelled = next({ ...life.subscription, cancelled: true }, { type: 'time', frozen: true }, at('2027-02-01'))
    expect([cancelled.subscription.status, kinds(cancelled.effects)]).toEqual(['ended', ['share', 'tell ended']])
    const failing = new Life(small, at('2027-01-01'), (key) => (key === `${id}/1` ? 'yes' : 'no')).until(at('2027-02-01'))
    const retry = next(failing.subscription, { type: 'time', frozen: true }, at('2027-02-03'))
    expect([failing.subscription.status, retry.subscription.status, kinds(retry.effects)]).toEqual(['grace', 'paused', ['tell paused']])
    expect(kinds(next(retry.subscription, { type: 'resume' }, at('2027-03-01')).effects)).toEqual(['charge'])
  })

  test('that has ended while a charge was under way gives it back when it succeeds, and forgets it when it fails', () => {
    const active = new Life(small, at('2027-01-31'))
    const upgrading = next(active.subscription, { type: 'change-plan', plan: large }, active.nowMs).subscription
    for (const event of [{ type: 'disputed', key: `${id}/1`, wonBefore: 0 }, { type: 'refunded', key: `${id}/1` }] as const) {
      const ended = next(upgrading, event, active.nowMs).subscription
      expect(ended.status).toBe('ended')
      const paid = next(ended, { type: 'charged' }, active.nowMs)
      expect(paid.effects.map(({ type, ...rest }) => [type, 'key' in rest ? rest.key : ''])).toEqual([['fund', `${id}/2`], ['give-back', `${id}/2`]])
      expect([paid.subscription.status, paid.subscription.charging]).toEqual(['ended', undefined])
      expect(next(paid.subscription, { type: 'charged' }, active.nowMs).effects).toEqual([])
      expect(next(ended, { type: 'charge-failed', final: false }, active.nowMs)).toEqual({ subscription: { ...ended, charging: undefined }, effects: [] })
      expect(next(ended, { type: 'time' }, active.nowMs + 400 * day).effects).toEqual([])
    }
  })

  test('under any order of events never charges twice for one key, funds only what was charged, and rests when it has ended', () => {
    const event = fc.oneof(
      { arbitrary: fc.integer({ min: 1, max: 40 }).map((days) => ({ days })), weight: 4 },
      fc.constantFrom<SubscriptionEvent>({ type: 'cancel' }, { type: 'leave' }, { type: 'keep' }, { type: 'pause' }, { type: 'resume' }, { type: 'card-changed' }, { type: 'waits' }, { type: 'disputed', key: `${id}/1`, wonBefore: 0 }, { type: 'dispute-won', key: `${id}/1`, wonBefore: 0 }, { type: 'time', frozen: true }, { type: 'refunded-part', key: `${id}/1`, to: 1n }),
      fc.constantFrom(small, large, yearly).map((to): SubscriptionEvent => ({ type: 'change-plan', plan: to })),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.array(fc.constantFrom('yes' as const, 'yes' as const, 'no' as const, 'never' as const), { minLength: 1, maxLength: 30 }), fc.constantFrom(small, tried, yearly), (events, answers, of) => {
        const accepted: string[] = []
        let asked = 0
        const life = new Life(of, at('2027-01-31'), (key) => {
          const answer = answers[asked++ % answers.length] ?? 'yes'
          if (answer === 'yes') accepted.push(key)
          return answer
        })
        for (const one of events) {
          if ('days' in one) life.until(life.nowMs + one.days * day)
          else {
            try {
              life.happens(one)
            } catch {
              // What she may not ask now changes nothing.
            }
          }
        }
        const keys = life.effects.filter((effect) => effect.type === 'charge').map(({ key }) => key)
        expect(new Set(keys).size).toBe(keys.length)
        expect(life.funds().filter(({ source }) => source === 'charge').length).toBe(accepted.length)
        expect(new Set(life.funds().map(({ key }) => key)).size).toBe(life.funds().length)
        const before = life.subscription.status === 'ended' ? life.effects.length : undefined
        life.until(life.nowMs + 400 * day)
        expect(before === undefined || before === life.effects.length).toBe(true)
      }),
    )
  })
})

test('the operator’s fee is rounded down', () => expect([partsOf(small, 0).fee, partsOf({ price: 999n, asset: eur, feeBasisPoints: 1_050 }, 0).fee]).toEqual([500_000_000n, 104n]))
