import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { GnapFault } from './fault.ts'
import { type GrantEvent, type GrantState, next } from './grant.ts'

const accept: GrantEvent = { type: 'accept', confirm: false }
const acceptFirst: GrantEvent = { type: 'accept', confirm: true }
const confirm: GrantEvent = { type: 'confirm' }
const decline: GrantEvent = { type: 'decline' }
const goOn: GrantEvent = { type: 'continue' }
const end: GrantEvent = { type: 'end' }
const events = [accept, acceptFirst, confirm, decline, goOn, end]

function outcome(state: GrantState, event: GrantEvent): string {
  try {
    return next(state, event)
  } catch (error) {
    return error instanceof GnapFault ? error.code : 'no fault of ours'
  }
}

describe('every state and every event', () => {
  const table: Record<GrantState, readonly string[]> = {
    //          accept           accept, confirm   confirm               decline          continue              end
    asked:      ['accepted',      'confirming',    'grant-not-accepted', 'declined',      'grant-not-accepted', 'ended'],
    confirming: ['grant-decided', 'grant-decided', 'accepted',           'declined',      'grant-not-accepted', 'ended'],
    accepted:   ['grant-decided', 'grant-decided', 'grant-decided',      'grant-decided', 'issued',             'ended'],
    declined:   ['grant-decided', 'grant-decided', 'grant-decided',      'grant-decided', 'grant-ended',        'ended'],
    issued:     ['grant-decided', 'grant-decided', 'grant-decided',      'grant-decided', 'grant-issued',       'ended'],
    ended:      ['grant-ended',   'grant-ended',   'grant-ended',        'grant-ended',   'grant-ended',        'ended'],
  }
  test.each(Object.entries(table))('%s', (state, expected) => expect(events.map((event) => outcome(state as GrantState, event))).toEqual(expected))
})

test('whatever happens in whatever order: a token only after an acceptance, at most once, and nothing after a refusal or the end', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...events), { maxLength: 30 }), (story) => {
      const states: GrantState[] = ['asked']
      for (const event of story) {
        const after = outcome(states.at(-1) ?? 'asked', event)
        if (!after.includes('-')) states.push(after as GrantState)
      }
      const times = (state: GrantState): number => states.filter((one) => one === state).length
      expect(times('accepted')).toBeLessThanOrEqual(1)
      expect(times('issued')).toBeLessThanOrEqual(times('accepted'))
      const over = states.findIndex((state) => state === 'declined' || state === 'ended')
      expect(states.slice(over === -1 ? states.length : over + 1).every((state) => state === 'ended')).toBe(true)
    }),
    { numRuns: 1_000 },
  )
})
