/**
 * Completed Open Payments outgoing payments, as clients make them: signed HTTP to the product in a process of its own with its own PostgreSQL, each payment a row with its grant's spending, a hold,
 * 201, a STREAM packet over BTP that is credited durably, and its posting. No client reads anything between.
 */
import { Agent, request } from 'node:http'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { WalletAddress } from '@rivulet/accounts'
import { signRequest } from '@rivulet/http-signature'
import { openEmbeddedPostgres, Postgres } from '@rivulet/postgres'
import { systemClock as clock } from '@rivulet/time'
import { type ClientKey, newClientKey, PayingHouse } from '../tests/support/paying.ts'
import { Server } from '../tests/support/product.ts'
import { cpuSeconds, cpuSecondsOfTree } from './streams-process.ts'

export interface PaymentsOptions {
  readonly seconds: number
  /** Requests at once. */
  readonly clients: number
  /** Where the product leaves its CPU profile, if anywhere. */
  readonly profileFolder: string | undefined
}

interface PaymentsResult {
  readonly seconds: number
  readonly clients: number
  readonly payers: number
  /** Payments that were answered 201 within the window. */
  readonly answered: number
  /** Payments that ended as completed within the window. */
  readonly completed: number
  readonly completedPerSecond: number
  /** Requests that were answered otherwise, and payments that failed; in the whole run. */
  readonly refused: number
  readonly failed: number
  readonly answerP50Ms: number
  readonly answerP99Ms: number
  readonly cpuServerCores: number
  readonly cpuPostgresCores: number
  readonly cpuClientCores: number
  /** Every payment has ended, what payers paid is what publishers got, and the proof of the books is ok. */
  readonly booksEqual: boolean
}

interface Payer {
  readonly address: WalletAddress
  readonly key: ClientKey
  readonly token: string
  readonly incomingPayments: readonly string[]
}

const payersCount = 20
const incomingPaymentsPerPayer = 10
const amount = 1_000n
const warmUpMs = 4_000
const settleMsMax = 30_000

export async function benchPayments({ seconds, clients, profileFolder }: PaymentsOptions, say: (line: string) => void): Promise<PaymentsResult> {
  await using building = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-bench-'))
  building.defer(() => rmSync(folder, { recursive: true, force: true }))
  const product = building.use(await Server.start(['up', '--port', '0', '--data', folder], profileFolder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profileFolder}` }))
  const database = building.use(await openEmbeddedPostgres({ dataFolder: folder }))
  const house = building.use(await PayingHouse.open({ databaseUrl: database.url, dataFolder: folder, urls: product.ready }))
  const postgres = building.use(Postgres.connect({ url: database.url, connectionsMax: 2, applicationName: 'bench' }))
  const payers = await openPayers(house)
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  building.defer(() => agent.destroy())

  const latencies: number[] = []
  let [refused, answered, running, counting] = [0, 0, true, false]
  const url = `${product.ready.wallet}/outgoing-payments`
  const loop = async (client: number): Promise<void> => {
    for (let round = client; running; round += clients) {
      const payer = payers[round % payers.length]
      if (payer === undefined) throw new Error('there are no payers')
      const startedMs = clock.monotonicMs()
      const status = await pay(url, payer, { agent, incomingPayment: payer.incomingPayments[Math.floor(round / payers.length) % payer.incomingPayments.length] ?? '' })
      if (status !== 201) refused += 1
      else if (counting) {
        answered += 1
        latencies.push(clock.monotonicMs() - startedMs)
      }
    }
  }
  const loops = Array.from({ length: clients }, (_, client) => loop(client))
  await wait(warmUpMs)
  const postgresPid = Number(readFileSync(join(folder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  const cpu = (): readonly number[] => [cpuSeconds(product.pid), cpuSecondsOfTree(postgresPid), process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6]
  const cpuBefore = cpu()
  const fromMs = clock.nowMs()
  counting = true
  await wait(seconds * 1_000)
  counting = false
  const untilMs = clock.nowMs()
  const cores = cpu().map((used, index) => ((used - (cpuBefore[index] ?? 0)) * 1_000) / (untilMs - fromMs))
  running = false
  await Promise.all(loops)

  const { completed, failed, open } = await ended(postgres, { fromMs, untilMs })
  const booksEqual = open === 0 && (await booksAgree(house, postgres))
  latencies.sort((one, other) => one - other)
  const at = (part: number): number => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? Number.NaN
  const completedPerSecond = (completed * 1_000) / (untilMs - fromMs)
  say(`${completedPerSecond.toFixed(0)} completed payments a second; answered after p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms; ${refused} refused, ${failed} failed; books ${booksEqual ? 'equal' : 'NOT equal'}`)
  say(`cores: product ${(cores[0] ?? 0).toFixed(2)}, PostgreSQL ${(cores[1] ?? 0).toFixed(2)}, the clients ${(cores[2] ?? 0).toFixed(2)}`)
  return {
    seconds, clients, payers: payers.length, answered, completed, completedPerSecond, refused, failed, answerP50Ms: at(0.5), answerP99Ms: at(0.99), cpuServerCores: cores[0] ?? 0, cpuPostgresCores: cores[1] ?? 0,
    cpuClientCores: cores[2] ?? 0, booksEqual,
  }
}

/** Subscribers with a budget and a grant each, and incoming payments of one publisher. */
async function openPayers(house: PayingHouse): Promise<readonly Payer[]> {
  const publisher = await house.address('mara')
  const source = await house.ledger.openAccount({ name: 'psp[sandbox]', kind: 'psp', asset: publisher.asset, debitsMayExceedCredits: true })
  const payers: Payer[] = []
  for (let index = 0; index < payersCount; index += 1) {
    const { walletAddress: address } = await house.accounts.createPerson({ role: 'subscriber', name: `Payer ${index}`, email: `payer-${index}@bench.example`, password: 'correct horse', path: `payer-${index}` })
    if (address === undefined) throw new Error('a subscriber has a wallet address')
    const key = newClientKey()
    await house.accounts.addKey(address.id, key.base64Jwk)
    await house.ledger.transfer({ key: `bench:${index}`, debitAccountId: source.id, creditAccountId: address.ledgerAccountId, amount: 10n ** 12n, reason: 'deposit' })
    const limits = { debitAmount: { value: String(10n ** 12n), assetCode: address.asset.code, assetScale: address.asset.scale }, interval: 'R/2026-01-01T00:00:00Z/P1M' }
    const token = await house.grant(address, key, [{ type: 'outgoing-payment', actions: ['create', 'read'], identifier: address.url, limits }])
    const made = Array.from({ length: incomingPaymentsPerPayer }, () => house.incoming.create({ walletAddress: publisher, client: address.url }))
    payers.push({ address, key, token, incomingPayments: (await Promise.all(made)).map(({ payment }) => payment.url) })
  }
  return payers
}

function pay(url: string, { address, key, token }: Payer, { agent, incomingPayment }: { readonly agent: Agent; readonly incomingPayment: string }): Promise<number> {
  const debitAmount = { value: amount.toString(), assetCode: address.asset.code, assetScale: address.asset.scale }
  const body = Buffer.from(JSON.stringify({ walletAddress: address.url, incomingPayment, debitAmount, metadata: { source: 'Web Monetization' } }))
  const headers = { accept: 'application/json', 'content-type': 'application/json', authorization: `GNAP ${token}` }
  const signed = { ...headers, ...signRequest({ method: 'POST', url, headers, body }, key, clock.nowMs()) }
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method: 'POST', agent, headers: signed }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode ?? 0))
      response.once('error', reject)
    })
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** Waits until every payment has ended. */
async function ended(postgres: Postgres, { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number }): Promise<{ readonly completed: number; readonly failed: number; readonly open: number }> {
  for (const startedMs = clock.monotonicMs(); ; await wait(200)) {
    const { rows } = await postgres.pool.query<{ completed: number; failed: number; open: number }>(
      `select (count(*) filter (where state = 'completed' and ended_ms between $1 and $2))::int as completed, (count(*) filter (where state = 'failed'))::int as failed,
        (count(*) filter (where state = 'sending'))::int as open from open_payments.outgoing_payment`, [fromMs, untilMs])
    const row = rows[0] ?? { completed: 0, failed: 0, open: 1 }
    if (row.open === 0 || clock.monotonicMs() - startedMs > settleMsMax) return row
  }
}

async function booksAgree(house: PayingHouse, postgres: Postgres): Promise<boolean> {
  const { rows } = await postgres.pool.query<{ sent: bigint; got: bigint }>(
    `select (select coalesce(sum(sent), 0)::int8 from open_payments.outgoing_payment) as sent,
      (select coalesce(sum(total), 0)::int8 from (select total from ledger.receiving_streams union all select total from ledger.receiving_ended) r) as got`)
  return rows[0] !== undefined && rows[0].sent === rows[0].got && (await house.ledger.verify()).ok
}
