import { expect, test } from 'vitest'
import { TestHouse } from './test-house.ts'

const ask = (url: string, body: object, token = 'control-token'): Promise<Response> =>
  fetch(`${url}/control/streams`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body: JSON.stringify(body) })
const order = { as: 'alice', pointer: 'http://localhost:4001/bob', seconds: 3 }

test('a command streams for its seconds, a line each, and ends with what the books say', async () => {
  await using house = await TestHouse.open()
  const { url } = await house.wallet()
  const text = await house.while((async () => (await ask(url, order)).text())())
  const lines = text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.map((line) => line['second'])).toEqual([1, 2, 3, undefined])
  const received = await house.received()
  expect(lines[3]).toEqual({ sent: { value: received.toString(), assetCode: 'EUR', assetScale: 9 }, packets: expect.any(Number) as number, fulfilled: expect.any(Number) as number, rejected: 0 })
  expect(received).toBe(300_000n)
  expect(await house.ledger.balance(house.accountId)).toMatchObject({ posted: 1_000_000_000n - received, pending: 0n, accrued: 0n })
})

test('an answer that is late is waited for, also after the last second, and what was due behind it is paid', async () => {
  await using house = await TestHouse.open()
  const { url } = await house.wallet()
  const late = Promise.withResolvers<void>()
  const text = ask(url, order).then((response) => response.text())
  await house.until(() => house.wire.fulfilled >= 2)
  house.wire.holdsAnswers = late.promise
  await house.passes(6_000)
  late.resolve()
  const last = JSON.parse((await house.while(text)).trim().split('\n').at(-1) ?? '') as unknown
  expect([last, await house.received()]).toMatchObject([{ sent: { value: '300000' }, rejected: 0 }, 300_000n])
})

test('what was never answered is said, apart from what is known to be paid', async () => {
  await using house = await TestHouse.open()
  const { url } = await house.wallet({ foreign: true })
  const text = ask(url, order).then((response) => response.text())
  await house.until(() => house.wire.fulfilled >= 2)
  house.wire.losesAnswers = true
  const last = JSON.parse((await house.while(text)).trim().split('\n').at(-1) ?? '') as { readonly sent: { readonly value: string }; readonly unconfirmed?: string }
  expect(BigInt(last.sent.value) + BigInt(last.unconfirmed ?? '0')).toBe(await house.received())
  expect(BigInt(last.unconfirmed ?? '0')).toBeGreaterThan(0n)
})

test('a budget that ends ends the command, and the summary says why', async () => {
  await using house = await TestHouse.open(150_000n)
  const { url } = await house.wallet()
  const text = await house.while((async () => (await ask(url, { ...order, seconds: 60 })).text())())
  const last = JSON.parse(text.trim().split('\n').at(-1) ?? '') as unknown
  expect(last).toMatchObject({ sent: { value: '150000' }, reason: 'budget-spent' })
})

test('a caller who hangs up ends the stream', async () => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const caller = new AbortController()
  const asked = fetch(`${url}/control/streams`, {
    method: 'POST', headers: { authorization: 'Bearer control-token', 'content-type': 'application/json' }, body: JSON.stringify({ ...order, seconds: 3_600 }), signal: caller.signal,
  })
  await house.until(() => wallet.live().length === 1)
  caller.abort()
  await expect(asked.then((response) => response.text())).rejects.toThrow('aborted')
  await house.until(() => wallet.live().length === 0)
  expect((await house.ledger.balance(house.accountId)).pending).toBe(0n)
})

test.each([
  ['a wrong token', order, 'other-token', { status: 401, code: 'token-invalid' }],
  ['a person whom nobody knows', { ...order, as: 'mallory' }, 'control-token', { status: 400, code: 'person-unknown' }],
  ['a pointer that is none', { ...order, pointer: 'hello' }, 'control-token', { status: 400, code: 'pointer-invalid' }],
  ['a pointer that leads nowhere', { ...order, pointer: 'http://localhost:4001/nobody' }, 'control-token', { status: 422, code: 'pointer-not-found' }],
  ['no time at all', { ...order, seconds: 0 }, 'control-token', { status: 400, code: 'request-invalid' }],
])('%s is refused', async (_name, body, token, { status, code }) => {
  await using house = await TestHouse.open()
  const { url, wallet } = await house.wallet()
  const answer = await house.while(ask(url, body, token))
  expect({ status: answer.status, body: await answer.json() }).toEqual({ status, body: { error: { code, message: expect.any(String) as string } } })
  expect(wallet.live()).toEqual([])
})
