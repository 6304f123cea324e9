/** Outgoing payments by signed HTTP while wallet, receiver and PostgreSQL are killed: each that was answered 201 ends completed or failed, and nothing is lost or doubled. */
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { freeBasePort } from '../support/ports.ts'
import { newClientKey, PayingHouse, signed } from '../support/paying.ts'
import { dataFolder } from '../support/product.ts'
import { Random } from '../support/random.ts'
import { Installation, leaseSeconds, type Part } from './installation.ts'

const long = process.env['RIVULET_TEST_LONG'] === '1'
const kills = Number(process.env['RIVULET_KILLS'] ?? (long ? 30 : 3))
const seed = Number(process.env['RIVULET_SEED'] ?? Date.now() % 1_000_000)
const clientsAtOnce = 8
const amount = 1_000n
const budget = 5_000_000_000n

test(`after ${kills} times kill -9 under payments (seed ${seed}) every payment has ended, and what payers paid is what the publisher got, to the unit`, { timeout: (kills * 15 + 320) * 1_000 }, async () => {
  const random = new Random(seed)
  using folder = dataFolder()
  const port = await freeBasePort()
  await using installation = new Installation(folder.path, port)
  for (const part of ['postgres', 'receiver', 'wallet'] as const) await installation.start(part)
  const urls = { wallet: `http://localhost:${port}`, receiver: `http://localhost:${port + 1}`, operator: `http://localhost:${port + 2}` }
  const key = newClientKey()
  await installation.command('keys', 'add', 'alice', key.base64Jwk)
  const prepared = await (async () => {
    await using house = await PayingHouse.open({ databaseUrl: installation.databaseUrl, dataFolder: folder.path, urls })
    const alice = await house.address('alice')
    const mara = await house.address('mara')
    const token = await house.grant(alice, key, [{ type: 'outgoing-payment', actions: ['create', 'read', 'list'], identifier: alice.url }])
    return { alice, mara, token, receiver: (await house.incoming.create({ walletAddress: mara, client: alice.url })).payment.url }
  })()
  const { alice, token, receiver } = prepared

  const answered: string[] = []
  let loaded = true
  const clients = Array.from({ length: clientsAtOnce }, async () => {
    while (loaded) {
      try {
        const body = { walletAddress: alice.url, incomingPayment: receiver, debitAmount: { value: amount.toString(), assetCode: 'EUR', assetScale: 9 } }
        const answer = await signed('POST', `${urls.wallet}/outgoing-payments`, { key, token, body })
        if (answer.status === 201) answered.push(String(answer.body['id']))
        else await wait(100)
      } catch {
        // The wallet died: what was asked is not known to have been made.
        await wait(200)
      }
    }
  })
  for (let kill = 0; kill < kills; kill += 1) {
    await wait(random.between(1_000, 4_000))
    const part = random.pick<Part>(['wallet', 'wallet', 'receiver', 'postgres'])
    await installation.kill(part)
    await wait(random.between(0, 1_500))
    await installation.start(part)
  }
  await wait(2_000)
  loaded = false
  await Promise.all(clients)
  expect(answered.length).toBeGreaterThan(0)

  await using house = await PayingHouse.open({ databaseUrl: installation.databaseUrl, dataFolder: folder.path, urls })
  const unended = async (): Promise<number> => (await house.query<{ count: number }>(`select count(*)::int as count from open_payments.outgoing_payment where state = 'sending'`))[0]?.count ?? 0
  for (const settledBy = Date.now() + (leaseSeconds + 120) * 1_000; (await unended()) > 0 && Date.now() < settledBy; ) await wait(1_000)
  const payments = await house.query<{ id: string; state: string; sent: bigint; debit: bigint }>('select id, state, sent, debit from open_payments.outgoing_payment')
  expect(payments.filter(({ state, sent }) => (state === 'completed' ? sent !== amount : state !== 'failed' || sent !== 0n))).toEqual([])
  const ended = new Set(payments.map(({ id }) => `${urls.wallet}/outgoing-payments/${id}`))
  expect(answered.filter((url) => !ended.has(url))).toEqual([])
  expect(new Set(answered).size).toBe(answered.length)

  const completed = payments.filter(({ state }) => state === 'completed').length
  expect(completed).toBeGreaterThan(0)
  const { posted, pending, accrued } = await house.ledger.balance(alice.ledgerAccountId)
  expect({ paid: budget - posted - accrued, pending }).toEqual({ paid: BigInt(completed) * amount, pending: 0n })
  expect((await house.incoming.get(receiver.slice(receiver.lastIndexOf('/') + 1)))?.receivedAmount).toBe(BigInt(completed) * amount)
  expect(await house.query('select debit from open_payments.grant_spending')).toEqual([{ debit: BigInt(completed) * amount }])
  expect((await house.ledger.verify()).problems).toEqual([])
})
