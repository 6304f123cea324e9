import { expect, test } from 'vitest'
import { afterCheck, type Findings, newProof, type Proof } from './site.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const found: Findings = { dns: 'found', file: 'nothing' }
const gone: Findings = { dns: 'nothing', file: 'nothing' }
const silent: Findings = { dns: 'no-answer', file: 'nothing' }
const look = (proof: Proof, findings: Findings, nowMs: number): Proof => afterCheck(proof, 0, findings, nowMs)
const proven = look(newProof(0), found, 10)

test('a proof that is found in either place makes the site proven since then, and is looked at again in a day', () => {
  expect(proven).toMatchObject({ state: 'proven', method: 'dns', provenSinceMs: 10, foundAtMs: 10, nextCheckAtMs: 10 + dayMs })
  expect(look(newProof(0), { dns: 'no-name', file: 'found' }, 5)).toMatchObject({ state: 'proven', method: 'file' })
  expect(look(proven, { dns: 'nothing', file: 'found' }, dayMs)).toMatchObject({ state: 'proven', method: 'file', provenSinceMs: 10, foundAtMs: dayMs })
})

test('a proof that has vanished is looked for twice more, an hour apart, then the site is lost and the findings say why; found again it is proven anew', () => {
  const first = look(proven, gone, dayMs)
  const second = look(first, gone, dayMs + hourMs)
  const third = look(second, gone, dayMs + 2 * hourMs)
  expect([first, second].map(({ state, nextCheckAtMs }) => [state, nextCheckAtMs])).toEqual([['proven', dayMs + hourMs], ['proven', dayMs + 2 * hourMs]])
  expect(third).toMatchObject({ state: 'lost', lostAtMs: dayMs + 2 * hourMs, provenSinceMs: undefined, findings: gone })
  expect(look(third, found, 3 * dayMs)).toMatchObject({ state: 'proven', provenSinceMs: 3 * dayMs, lostAtMs: undefined, misses: 0 })
  expect(look(third, gone, 40 * dayMs)).toMatchObject({ state: 'lost', nextCheckAtMs: undefined })
})

test('a name server that does not answer takes nothing away for a week, and a find in between starts anew', () => {
  let proof = proven
  for (let hour = 1; hour <= 7 * 24; hour += 1) proof = look(proof, silent, 10 + hour * hourMs)
  expect(proof).toMatchObject({ state: 'proven', misses: 0 })
  expect(look(proof, silent, 11 + 7 * dayMs)).toMatchObject({ state: 'lost', findings: silent })
  expect(look(look(proof, found, 8 * dayMs), silent, 9 * dayMs)).toMatchObject({ state: 'proven' })
})

test('what was never proven is looked at for three days, then only when its owner asks', () => {
  expect(look(newProof(0), gone, 2 * dayMs)).toMatchObject({ state: 'unproven', nextCheckAtMs: 2 * dayMs + hourMs })
  expect(look(newProof(0), gone, 3 * dayMs)).toMatchObject({ state: 'unproven', nextCheckAtMs: undefined })
})
