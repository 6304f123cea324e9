import type { Postgres } from '@rivulet/postgres'
import { testPostgres } from '@rivulet/postgres/testing'
import { TestClock } from '@rivulet/time/testing'
import { newId } from '@rivulet/ids'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Access, Gnap, GnapFault, gnapMigrations } from './index.ts'

const dayMs = 86_400_000
const hers = 'https://wallet.example/alice'
const client = { id: 'https://shop.example/pay', name: 'Shop', keyId: 'key-1', keyX: undefined }
const creating: readonly Access[] = [{ type: 'incoming-payment', actions: ['create'] }]
const paying: readonly Access[] = [
  { type: 'quote', actions: ['create'] },
  { type: 'outgoing-payment', actions: ['create', 'read'], identifier: hers, limits: { debitAmount: { value: '500', assetCode: 'EUR', assetScale: 2 }, interval: 'R3/2026-01-01T00:00:00Z/P1M' } },
]
const finish = { uri: 'https://shop.example/back?order=1', nonce: 'client-nonce' }

const clock = new TestClock(Date.UTC(2026, 0, 1))
let postgres: Postgres
let gnap: Gnap
const alice = { id: newId('pers', clock.nowMs()), walletAddresses: [hers, 'https://wallet.example/alice-usd'] }
const ben = { id: newId('pers', clock.nowMs()), walletAddresses: ['https://wallet.example/ben'] }

beforeAll(async () => {
  postgres = await testPostgres([gnapMigrations])
  gnap = new Gnap({ postgres, clock, server: 'wallet' })
})
afterAll(async () => {
  await gnap[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

async function refusal(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'accepted'
  } catch (error) {
    return error instanceof GnapFault ? error.code : String(error)
  }
}

async function asked(given: { readonly finish?: typeof finish; readonly access?: readonly Access[]; readonly subject?: string } = { finish }) {
  const { interactionId, nonce, ...rest } = await gnap.ask({ client, access: given.access ?? paying, subject: given.subject, finish: given.finish })
  return { ...rest, id: rest.continuation.grantId, interaction: { id: interactionId, nonce } }
}

/** A grant that a person has agreed to and the client has fetched. */
async function issued(access = paying) {
  const request = await asked({ finish, access })
  await gnap.accept(request.interaction, alice)
  const back = await gnap.finish(request.interaction, alice.id)
  const continued = await gnap.continue(request.id, back.type === 'accepted' ? back.reference : undefined)
  if (continued.type !== 'issued' || continued.token === undefined) throw new Error('no token')
  return { ...request, token: continued.token }
}

describe('a grant that needs nobody’s consent', () => {
  test('has its token at once, and the token tells who may do what', async () => {
    const { token, continuation } = await gnap.issue({ client, access: creating })
    expect(await gnap.introspect(token.value)).toEqual({ grantId: continuation.grantId, client: client.id, keyId: 'key-1', keyX: undefined, access: creating })
  })

  test('keeps no secret in the clear', async () => {
    const { token, continuation } = await gnap.issue({ client, access: creating })
    const { interaction } = await asked()
    const { rows } = await postgres.pool.query('select g::text as row from gnap."grant" g union all select t::text from gnap.token t')
    const all = JSON.stringify(rows)
    expect([token.value, continuation.token, interaction.nonce].map((secret) => all.includes(secret))).toEqual([false, false, false])
  })

  test('is unknown to the other auth server of the installation', async () => {
    await using receiver = new Gnap({ postgres, clock, server: 'receiver' })
    const { token, continuation } = await gnap.issue({ client, access: creating })
    expect([await receiver.introspect(token.value), await receiver.continuing(continuation)]).toEqual([undefined, undefined])
  })

  test('its token is inactive after a day, lives on by rotation, and is over with the grant after seven', async () => {
    const { token, continuation } = await gnap.issue({ client, access: creating })
    await clock.advance(token.expiresInS * 1_000)
    expect(await gnap.introspect(token.value)).toBe('inactive')
    const fresh = await gnap.rotate(token.id)
    expect(await gnap.introspect(fresh.value)).toMatchObject({ grantId: continuation.grantId })
    await clock.advance(7 * dayMs)
    expect([await gnap.introspect(fresh.value), await refusal(gnap.rotate(fresh.id))]).toEqual(['inactive', 'token-unknown'])
  })
})

describe('tokens', () => {
  test('rotation gives another value and another id; the old value is dead at once and rotates no more', async () => {
    const { token } = await issued()
    const fresh = await gnap.rotate(token.id)
    expect([fresh.id === token.id, fresh.value === token.value, fresh.access]).toEqual([false, false, token.access])
    expect([await gnap.introspect(token.value), await refusal(gnap.rotate(token.id))]).toEqual(['inactive', 'token-unknown'])
    expect(await gnap.introspect(fresh.value)).toMatchObject({ access: paying })
  })

  test('of many rotations at once, one succeeds', async () => {
    const { token } = await issued()
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => refusal(gnap.rotate(token.id))))
    expect(outcomes.toSorted()).toEqual(['accepted', ...Array<string>(7).fill('token-unknown')])
  })

  test('a revoked token is inactive, and its grant goes on', async () => {
    const { token, id, continuation } = await issued()
    await gnap.revoke(token.id)
    await gnap.revoke(token.id)
    expect([await gnap.introspect(token.value), (await gnap.continuing(continuation))?.id]).toEqual(['inactive', id])
  })

  test('are managed only with their value and id', async () => {
    const [{ token }, other] = [await issued(), await issued()]
    expect(await gnap.managing({ tokenId: token.id, value: token.value })).toMatchObject({ tokenId: token.id })
    expect(await gnap.managing({ tokenId: token.id, value: other.token.value })).toBeUndefined()
    expect(await gnap.managing({ tokenId: 'nonsense', value: token.value })).toBeUndefined()
    expect(await gnap.introspect('nonsense')).toBeUndefined()
  })
})

describe('a grant that a person decides', () => {
  test('gives its token once, for the reference that her browser brings, and ends with its last interval', async () => {
    const request = await asked()
    expect(await refusal(gnap.continue(request.id, 'guess'))).toBe('grant-not-accepted')
    await gnap.accept(request.interaction, alice)
    expect(await refusal(gnap.continue(request.id, 'guess'))).toBe('reference-wrong')
    expect(await refusal(gnap.continue(request.id, undefined))).toBe('reference-missing')
    const first = await gnap.finish(request.interaction, alice.id)
    const back = await gnap.finish(request.interaction, alice.id)
    expect(back).toEqual({ type: 'accepted', uri: finish.uri, clientNonce: finish.nonce, serverNonce: request.serverNonce, reference: expect.any(String) as string })
    const [stale, reference] = [first, back].map((one) => (one.type === 'accepted' ? one.reference : ''))
    expect(await refusal(gnap.continue(request.id, stale))).toBe('reference-wrong')
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => refusal(gnap.continue(request.id, reference))))
    expect(outcomes.toSorted()).toEqual(['accepted', ...Array<string>(4).fill('grant-issued')])
    expect((await gnap.continuing(request.continuation))?.expiresMs).toBe(Date.UTC(2026, 3, 1))
  })

  test('of many decisions at once, one counts', async () => {
    const { interaction } = await asked()
    const outcomes = await Promise.all([...Array.from({ length: 4 }, () => gnap.accept(interaction, alice)), ...Array.from({ length: 4 }, () => gnap.decline(interaction))].map(refusal))
    expect(outcomes.toSorted()).toEqual(['accepted', ...Array<string>(7).fill('grant-decided')])
  })

  test('nobody accepts for a wallet that is another’s, nor takes back what another accepted', async () => {
    const { interaction } = await asked()
    expect(await refusal(gnap.accept(interaction, ben))).toBe('interaction-foreign')
    expect(await refusal(gnap.accept({ ...interaction, nonce: 'guess' }, alice))).toBe('interaction-unknown')
    await gnap.accept(interaction, alice)
    expect([await refusal(gnap.finish(interaction, ben.id)), await refusal(gnap.finish(interaction, undefined))]).toEqual(['interaction-foreign', 'interaction-foreign'])
    const subject = await asked({ finish, access: [], subject: hers })
    expect(await refusal(gnap.accept(subject.interaction, ben))).toBe('interaction-foreign')
  })

  test('where she must show that it is she, accepting waits for that; only she confirms, and once', async () => {
    const { interaction } = await asked()
    expect(await refusal(gnap.confirm(interaction, alice.id))).toBe('grant-not-accepted')
    await gnap.accept(interaction, alice, { confirm: true })
    expect([(await gnap.interaction(interaction)).state, (await gnap.finish(interaction, alice.id)).type]).toEqual(['confirming', 'invalid'])
    expect(await refusal(gnap.confirm(interaction, ben.id))).toBe('interaction-foreign')
    await gnap.confirm(interaction, alice.id)
    expect((await gnap.finish(interaction, alice.id)).type).toBe('accepted')
    expect(await refusal(gnap.confirm(interaction, alice.id))).toBe('grant-decided')
  })

  test('a right that names no wallet address becomes one on hers', async () => {
    const { token } = await issued([{ type: 'incoming-payment', actions: ['list-all'] }])
    expect(token.access).toEqual([{ type: 'incoming-payment', actions: ['list-all'], identifier: hers }])
  })

  test('a client that only asks who she is learns it, and gets no token', async () => {
    const { interaction, id } = await asked({ access: [], subject: hers })
    await clock.advance(5_000)
    await gnap.accept(interaction, alice)
    expect(await gnap.continue(id, undefined)).toEqual({ type: 'issued', token: undefined, subject: hers })
  })

  test('declined: her browser takes back that it was, and the client gets nothing', async () => {
    const { interaction, id } = await asked()
    await gnap.decline(interaction)
    expect(await gnap.finish(interaction, undefined)).toEqual({ type: 'declined', uri: finish.uri })
    expect(await refusal(gnap.continue(id, 'guess'))).toBe('grant-ended')
  })

  test('polling waits as long as it was told, and no longer', async () => {
    const { id, interaction, waitS } = await asked({})
    expect([waitS, await refusal(gnap.continue(id, undefined))]).toEqual([5, 'too-fast'])
    await clock.advance(5_000)
    expect(await gnap.continue(id, undefined)).toEqual({ type: 'wait', waitS: 5 })
    expect(await refusal(gnap.continue(id, undefined))).toBe('too-fast')
    await gnap.accept(interaction, alice)
    await clock.advance(5_000)
    expect(await gnap.continue(id, undefined)).toMatchObject({ type: 'issued' })
  })

  test('expires: undecided after 15 minutes, unfetched ten minutes after the decision', async () => {
    const [late, unfetched] = [await asked(), await asked()]
    await gnap.accept(unfetched.interaction, alice)
    const back = await gnap.finish(unfetched.interaction, alice.id)
    await clock.advance(900_000)
    expect([await refusal(gnap.accept(late.interaction, alice)), await gnap.finish(late.interaction, undefined)]).toEqual(['grant-ended', { type: 'invalid', uri: finish.uri }])
    expect(await refusal(gnap.continue(unfetched.id, back.type === 'accepted' ? back.reference : ''))).toBe('grant-ended')
  })
})

describe('the end of a grant', () => {
  test('given back by the client, its token is inactive; giving back again changes nothing', async () => {
    const { id, token, continuation } = await issued()
    await gnap.end(id)
    await gnap.end(id)
    expect([await gnap.introspect(token.value), await refusal(gnap.rotate(token.id)), (await gnap.continuing(continuation))?.state]).toEqual(['inactive', 'token-unknown', 'ended'])
  })

  test('she sees what she agreed to, newest first, and takes it back; others cannot', async () => {
    const carol = { id: newId('pers', clock.nowMs()), walletAddresses: [hers] }
    const requests = [await asked()]
    await clock.advance(1)
    requests.push(await asked())
    for (const { interaction } of requests) await gnap.accept(interaction, carol)
    expect((await gnap.grantsOf(carol.id)).grants.map(({ id }) => id)).toEqual(requests.map(({ id }) => id).toReversed())
    const [first] = requests
    expect(await refusal(gnap.endOf(alice.id, first?.id ?? ''))).toBe('grant-unknown')
    await gnap.endOf(carol.id, first?.id ?? '')
    expect((await gnap.grantsOf(carol.id)).grants.map(({ id }) => id)).toEqual([requests[1]?.id])
  })

  test('what she took back and what has expired is in her history for 400 days, page by page', async () => {
    const dora = { id: newId('pers', clock.nowMs()), walletAddresses: [hers] }
    const ids: string[] = []
    for (let index = 0; index < 52; index += 1) {
      const { id, interaction } = await asked()
      await gnap.accept(interaction, dora)
      if (index > 0) await gnap.endOf(dora.id, id)
      ids.unshift(id)
      await clock.advance(1)
    }
    const expiring = ids.at(-1)
    expect(await gnap.grantsOf(dora.id)).toMatchObject({ grants: [{ id: expiring, state: 'accepted', endedMs: undefined }], next: undefined })
    await clock.advance(700_000)
    expect(await gnap.grantsOf(dora.id)).toEqual({ grants: [], next: undefined })
    const first = await gnap.grantsOf(dora.id, { past: true })
    expect([first.grants.map(({ id }) => id), first.next]).toEqual([ids.slice(0, 50), ids[49]])
    const second = await gnap.grantsOf(dora.id, { past: true, after: first.next })
    expect(second).toMatchObject({ grants: [{ id: ids[50], state: 'ended', endedMs: expect.any(Number) as number }, { id: expiring, state: 'ended', endedMs: undefined }], next: undefined })
    // Not by the clock: every hour of it would clean.
    const age = (days: number) => postgres.pool.query('update gnap."grant" set ended_ms = ended_ms - $1, expires_ms = expires_ms - $1 where person_id = $2', [days * dayMs, dora.id])
    await age(399)
    await using next = new Gnap({ postgres, clock, server: 'wallet' })
    await next[Symbol.asyncDispose]()
    expect((await gnap.grantsOf(dora.id, { past: true })).grants).toHaveLength(50)
    await age(2)
    await using last = new Gnap({ postgres, clock, server: 'wallet' })
    await last[Symbol.asyncDispose]()
    expect((await gnap.grantsOf(dora.id, { past: true })).grants).toEqual([])
  })

  test('what is over and nobody agreed to is forgotten a day later, what lives is kept', async () => {
    const living = await issued([{ type: 'outgoing-payment', actions: ['create'], identifier: hers }])
    const ended = await gnap.issue({ client, access: [{ type: 'quote', actions: ['create'] }] })
    await gnap.end(ended.continuation.grantId)
    await clock.advance(2 * dayMs)
    await using next = new Gnap({ postgres, clock, server: 'wallet' })
    await next[Symbol.asyncDispose]()
    expect([await gnap.introspect(ended.token.value), await gnap.introspect(living.token.value)]).toEqual([undefined, expect.objectContaining({ grantId: living.id })])
  })
})
