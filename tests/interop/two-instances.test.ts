/** Two Rivulets, each with its own database and currency, pay each other over BTP and over ILP-over-HTTP: every unit stands in both books, and neither trusts the other further than its limit. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createAuthenticatedClient, isPendingGrant, OpenPaymentsClientError } from '@interledger/open-payments'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, balanceOf, type Verified, verified } from '../support/books.ts'
import { newClientKey, PayingHouse } from '../support/paying.ts'
import { freeBasePort } from '../support/ports.ts'
import { Server } from '../support/product.ts'
import { type SharedFolder, sharedFolder } from '../support/shared-folder.ts'

interface Summary {
  readonly sent: { readonly value: string; readonly assetCode: string }
  readonly delivered?: { readonly value: string; readonly assetCode: string; readonly assetScale: number }
  readonly packets: number
  readonly fulfilled: number
  readonly rejected: number
  readonly reason?: string
  readonly lastReject?: { readonly code: string; readonly message: string }
}

interface PeerView {
  readonly state: string
  readonly balance: { readonly owedToUs: string; readonly owedToPeer: string; readonly leased: string }
  readonly settlementDue: string
}

const long = process.env['RIVULET_TEST_LONG'] === '1'
const environment = { RIVULET_LEASE_SECONDS: '30' }
/** A hundred units of the coarsest link here, as units of a payer, and a little for its rate. */
const restMax = 15_000n
const budget = 5_000_000_000n
/** Two products and dozens of commands, on a machine that may have other work. */
const busyMachineMs = 480_000
/** After a crash: the lease, 5 s, the wallet's next look; more where the machine has other work. */
const settleTimeMaxMs = 150_000
/** Running processes follow a change of peers within this. */
const followMs = 5_000

async function sessionOf(origin: string, name: string): Promise<string> {
  const response = await fetch(`${origin}/api/auth/sign-in/email`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ email: `${name}@demo.example`, password: 'rivulet-demo' }) })
  return response.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ')
}

/** An installation that the operator runs, kills and starts again. */
class Instance implements AsyncDisposable {
  readonly #folder: SharedFolder
  readonly #port: number
  #server: Server | undefined
  /** Of the operator. */
  #session: string | undefined

  private constructor(folder: SharedFolder, port: number, settings: object) {
    this.#folder = folder
    this.#port = port
    writeFileSync(join(this.#folder.path, 'rivulet.json'), JSON.stringify({ sandbox: true, ...settings }))
  }

  static async open(settings: object): Promise<Instance> {
    const instance = new Instance(await sharedFolder(), await freeBasePort(), settings)
    await instance.start()
    return instance
  }

  async start(): Promise<void> {
    this.#server = await Server.start(['up', '--data', this.#folder.path, '--port', String(this.#port)], environment)
  }

  async kill(): Promise<void> {
    await this.#server?.end('SIGKILL')
  }

  /** Its own books, seen from beside it. */
  async house(resources: AsyncDisposableStack): Promise<PayingHouse> {
    if (this.#server === undefined) throw new Error('it does not run')
    return resources.use(await PayingHouse.open({ databaseUrl: this.#folder.databaseUrl, dataFolder: this.#folder.path, urls: this.#server.ready }))
  }

  payee(path: string): string {
    return `${this.#server?.ready.receiver ?? ''}/${path}`
  }

  get receiverHost(): string {
    return `127.0.0.1:${this.#port + 1}`
  }

  command<Answer>(...args: readonly string[]): Promise<Answer> {
    return answerOf<Answer>([...args, '--data', this.#folder.path], environment)
  }

  stream(pointer: string, seconds: number): Promise<Summary> {
    return this.command<Summary>('stream', pointer, '--seconds', String(seconds))
  }

  /** As its operator sees it. */
  async peer(name: string): Promise<PeerView> {
    const origin = this.#server?.ready.operator ?? ''
    this.#session ??= await sessionOf(origin, 'olivia')
    const response = await fetch(`${origin}/api/peers/${name}`, { headers: { cookie: this.#session } })
    if (!response.ok) throw new Error(await response.text())
    return ((await response.json()) as { readonly peer: PeerView }).peer
  }

  async balance(name: string): Promise<bigint> {
    const { posted, accrued } = await balanceOf(name, this.#folder.path, environment)
    return BigInt(posted) + BigInt(accrued)
  }

  /** Once something more has come in than was there before. */
  async isPaid(name: string, before: bigint): Promise<void> {
    while ((await this.balance(name)) <= before) await wait(50)
  }

  /** The proof of the books, once no stream is open. */
  async proof(): Promise<Verified> {
    const until = Date.now() + settleTimeMaxMs
    let report = await verified(this.#folder.path, environment)
    while (report.streamsOpen + report.streamsInDoubt > 0 && Date.now() < until) {
      await wait(1_000)
      report = await verified(this.#folder.path, environment)
    }
    return report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]()
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** The first stream that ends like this, of at most twenty: on a busy machine a change of peers is followed, and a limit reached, later. */
async function streamedUntil(from: Instance, pointer: string, seconds: number, isSo: (summary: Summary) => boolean): Promise<Summary> {
  let summary = await from.stream(pointer, seconds)
  for (let tries = 1; tries < 20 && !isSo(summary); tries += 1) summary = await from.stream(pointer, seconds)
  return summary
}

/** Streams until one has sent all that its seconds allow, but for a rest that is worth less than a hundred units of the link: too much of that would be rounded away. On a busy machine the last second of one may be cut off. */
async function streamsUntilWhole(from: Instance, pointer: string, seconds: number): Promise<readonly Summary[]> {
  const due = 100_000n * BigInt(seconds)
  const summaries: Summary[] = []
  for (;;) {
    const summary = await from.stream(pointer, seconds)
    summaries.push(summary)
    expect(BigInt(summary.sent.value)).toBeLessThanOrEqual(due)
    if (BigInt(summary.sent.value) > due - restMax) return summaries
    expect(summaries.length).toBeLessThan(5)
  }
}

function sumOf(summaries: readonly Summary[]): { readonly sent: bigint; readonly delivered: bigint; readonly fulfilled: number } {
  const sum = (of: (summary: Summary) => string | number): bigint => summaries.reduce((total, summary) => total + BigInt(of(summary)), 0n)
  return { sent: sum(({ sent }) => sent.value), delivered: sum(({ delivered }) => delivered?.value ?? 0), fulfilled: Number(sum(({ fulfilled }) => fulfilled)) }
}

const exchange = { base: 'EUR', rates: { USD: '1.2537' } }
const eur = (value: bigint) => ({ value: String(value), assetCode: 'EUR', assetScale: 9 })
const usd = (value: bigint) => ({ value: String(value), assetCode: 'USD', assetScale: 9 })

/** Alice of one installation, with the official client of Open Payments, its responses validated. */
async function openAlice(instance: Instance, resources: AsyncDisposableStack) {
  const house = await instance.house(resources)
  const key = newClientKey()
  await instance.command('keys', 'add', 'alice', key.base64Jwk)
  const main = await house.address('alice')
  const client = await createAuthenticatedClient({ walletAddressUrl: main.url, privateKey: key.privateKey, keyId: key.keyId, useHttp: true, logLevel: 'silent' })
  const { resourceServer: url } = await client.walletAddress.get({ url: main.url })
  const quoteToken = await house.quoteGrant(main, key)
  return {
    house,
    quote: async (path: string, receiver: string, amount: { readonly debitAmount: ReturnType<typeof eur> }) => client.quote.create({ url, accessToken: quoteToken }, { walletAddress: (await house.address(path)).url, receiver, method: 'ilp', ...amount }),
    /** A fresh incoming payment of any wallet address, with what it takes. */
    async incoming(walletAddress: string, incomingAmount?: ReturnType<typeof eur>) {
      const payee = await client.walletAddress.get({ url: walletAddress })
      const grant = await client.grant.request({ url: payee.authServer }, { access_token: { access: [{ type: 'incoming-payment', actions: ['create', 'read'], identifier: payee.id }] } })
      if (isPendingGrant(grant) || grant.access_token === undefined) throw new Error('no person is needed for this')
      const accessToken = grant.access_token.value
      const { id } = await client.incomingPayment.create({ url: payee.resourceServer, accessToken }, { walletAddress: payee.id, ...(incomingAmount !== undefined && { incomingAmount }) })
      return { url: id, received: async () => (await client.incomingPayment.get({ url: id, accessToken })).receivedAmount }
    },
    /** Quotes, pays from one of her wallet addresses, and waits for the end. */
    async pay(path: string, receiver: string, amount: { readonly debitAmount: ReturnType<typeof eur> } | { readonly receiveAmount: ReturnType<typeof eur> }) {
      const walletAddress = await house.address(path)
      const accessToken = await house.grant(walletAddress, key, [{ type: 'outgoing-payment', actions: ['create', 'read'], identifier: walletAddress.url }], main.url)
      const quote = await client.quote.create({ url, accessToken: quoteToken }, { walletAddress: walletAddress.url, receiver, method: 'ilp', ...amount })
      const { id } = await client.outgoingPayment.create({ url, accessToken }, { walletAddress: walletAddress.url, quoteId: quote.id })
      for (;;) {
        const [row] = await house.query<{ state: string; sent: bigint; failure: string | null }>(`select state, sent, failure from open_payments.outgoing_payment where id = '${id.slice(id.lastIndexOf('/') + 1)}' and state <> 'sending'`)
        if (row === undefined) {
          await wait(20)
          continue
        }
        expect(row).toMatchObject({ state: 'completed', failure: null })
        expect((await client.outgoingPayment.get({ url: id, accessToken })).sentAmount.value).toBe(String(row.sent))
        return { quote, sent: row.sent }
      }
    },
    async balance(path: string): Promise<bigint> {
      const { posted, accrued } = await house.ledger.balance((await house.address(path)).ledgerAccountId)
      return posted + accrued
    },
  }
}

describe.each([
  ['BTP, the link counts in EUR', 'btp', 'EUR/9'],
  ['ILP-over-HTTP, the link counts in USD at a scale of its own', 'http', 'USD/7'],
] as const)('over %s', { timeout: busyMachineMs }, (_name, kind, asset) => {
  let here: Instance
  let there: Instance

  beforeAll(async () => {
    ;[here, there] = await Promise.all([
      Instance.open({ asset: { code: 'EUR', scale: 9 }, ilpAddress: 'test.here', exchange }),
      Instance.open({ asset: { code: 'USD', scale: 9 }, ilpAddress: 'test.there', exchange }),
    ])
    if (kind === 'btp') {
      const { incomingToken } = await there.command<{ incomingToken: string }>('peers', 'add', 'here', '--asset', asset, '--address', 'test.here')
      await here.command('peers', 'add', 'there', '--asset', asset, '--address', 'test.there', '--btp', `ws://${there.receiverHost}/btp`, '--token', incomingToken)
    } else {
      const { incomingToken } = await there.command<{ incomingToken: string }>('peers', 'add', 'here', '--asset', asset, '--address', 'test.here', '--http', `http://${here.receiverHost}/ilp`, '--token', 'what-there-says-to-here')
      await here.command('peers', 'add', 'there', '--asset', asset, '--address', 'test.there', '--http', `http://${there.receiverHost}/ilp`, '--token', incomingToken, '--incoming-token', 'what-there-says-to-here')
    }
    await wait(followMs)
  }, busyMachineMs)

  afterAll(async () => {
    await here[Symbol.asyncDispose]()
    await there[Symbol.asyncDispose]()
  })

  /** What one owes the other is what the other is owed, to the unit; positive when `here` owes. */
  async function mirrored(): Promise<bigint> {
    const [one, other] = [(await here.peer('there')).balance, (await there.peer('here')).balance]
    expect({ owedToUs: other.owedToUs, owedToPeer: other.owedToPeer }).toEqual({ owedToUs: one.owedToPeer, owedToPeer: one.owedToUs })
    return BigInt(one.owedToPeer) - BigInt(one.owedToUs)
  }

  /** Both books are right, and nothing is under way. */
  async function proven(): Promise<void> {
    for (const report of await Promise.all([here.proof(), there.proof()])) expect(report).toMatchObject({ ok: true, problems: [], streamsOpen: 0, streamsInDoubt: 0 })
  }

  test('a subscriber of each pays a publisher of the other: what was sent, what passed the link and what arrived agree to the unit', async () => {
    const outs = await streamsUntilWhole(here, there.payee('mara'), 4)
    for (const out of outs) expect(out).toMatchObject({ sent: { assetCode: 'EUR' }, delivered: { assetCode: 'USD', assetScale: 9 }, rejected: 0 })
    const { sent, delivered, fulfilled } = sumOf(outs)
    expect(await here.balance('alice')).toBe(budget - sent)
    expect(await there.balance('mara')).toBe(delivered)
    // Each packet loses less than a unit of the link and a unit at the publisher.
    expect(Number(delivered)).toBeGreaterThan(Number(sent) * 1.2537 - fulfilled * 101)
    expect(Number(delivered)).toBeLessThanOrEqual(Number(sent) * 1.2537)
    const owed = await mirrored()
    expect(owed).toBeGreaterThan(0n)

    const backs = await streamsUntilWhole(there, here.payee('tomas'), 3)
    for (const back of backs) expect(back).toMatchObject({ sent: { assetCode: 'USD' }, delivered: { assetCode: 'EUR' }, rejected: 0 })
    const { sent: sentBack, delivered: deliveredBack } = sumOf(backs)
    expect(await there.balance('alice')).toBe(budget - sentBack)
    expect(await here.balance('tomas')).toBe(deliveredBack)
    expect(await mirrored()).toBeLessThan(owed)
    await proven()
    await mirrored()
  })

  test('outgoing payments of each to the other bring exactly what was to be received, or send exactly what was to be sent; from a wallet address of another currency too', async () => {
    await using resources = new AsyncDisposableStack()
    const [hers, theirs] = [await openAlice(here, resources), await openAlice(there, resources)]
    for (const [payer, payee, from, to] of [[hers, theirs, eur, usd], [theirs, hers, usd, eur]] as const) {
      const mara = (await payee.house.address('mara')).url
      const [had, got] = [await payer.balance('alice'), await payee.balance('mara')]
      // Neither the link's units nor the payer's make this amount exactly.
      const bill = await payer.incoming(mara, to(1_234_567n))
      const paid = await payer.pay('alice', bill.url, { receiveAmount: to(1_234_567n) })
      expect(await bill.received()).toEqual(to(1_234_567n))
      expect(await payee.balance('mara')).toBe(got + 1_234_567n)
      expect(await payer.balance('alice')).toBe(had - paid.sent)
      expect(paid.sent).toBeLessThanOrEqual(BigInt(paid.quote.debitAmount.value))

      const gift = await payer.incoming(mara)
      const sent = await payer.pay('alice', gift.url, { debitAmount: from(2_000_003n) })
      expect(sent.sent).toBe(2_000_003n)
      const received = BigInt((await gift.received()).value)
      expect(received).toBeGreaterThanOrEqual(BigInt(sent.quote.receiveAmount.value))
      expect(await payee.balance('mara')).toBe(got + 1_234_567n + received)
      expect(await payer.balance('alice')).toBe(had - paid.sent - 2_000_003n)
      await mirrored()
    }

    // What is worth less than a unit of the link, or of the receiver's, does not arrive: 80 units of EUR are the first that are worth a hundred of USD.
    const open = (await hers.incoming((await theirs.house.address('mara')).url)).url
    const refusal = await hers.quote('alice', open, { debitAmount: eur(79n) }).then(() => undefined, (error: unknown) => (error instanceof OpenPaymentsClientError ? [error.status, error.description, error.details] : error))
    expect(refusal).toEqual(kind === 'http' ? [400, 'non-positive receive amount', { minSendAmount: eur(80n) }] : undefined)
    expect((await hers.quote('alice', open, { debitAmount: eur(80n) })).debitAmount).toEqual(eur(80n))

    // The coarser link is the harder one.
    if (kind === 'btp') return proven()
    const { personId } = await hers.house.address('alice')
    await hers.house.accounts.addWalletAddress(personId, { path: 'alice-usd', publicName: 'Alice in dollars', asset: { code: 'USD', scale: 9 } })
    const dollars = (await hers.house.address('alice-usd')).url
    await theirs.pay('alice', (await theirs.incoming(dollars, usd(5_000_000n))).url, { receiveAmount: usd(5_000_000n) })
    expect(await hers.balance('alice-usd')).toBe(5_000_000n)
    await hers.pay('alice', (await hers.incoming(dollars, usd(1_000_001n))).url, { receiveAmount: usd(1_000_001n) })
    expect(await hers.balance('alice-usd')).toBe(6_000_001n)
    const abroad = await hers.pay('alice-usd', (await hers.incoming((await theirs.house.address('mara')).url, usd(700_007n))).url, { receiveAmount: usd(700_007n) })
    const home = await hers.incoming((await hers.house.address('mara')).url, eur(600_011n))
    const own = await hers.pay('alice-usd', home.url, { receiveAmount: eur(600_011n) })
    expect(await home.received()).toEqual(eur(600_011n))
    expect(await hers.balance('alice-usd')).toBe(6_000_001n - abroad.sent - own.sent)
    await mirrored()
    await proven()
  })

  // The rest is the same whatever carries the packets, and takes long.
  if (kind !== 'btp' && !long) return

  test('a part of an income that is shared with a publisher of the other gathers, is said to wait, and arrives there as a payout', async () => {
    await using resources = new AsyncDisposableStack()
    const house = await here.house(resources)
    const mara = await house.address('mara')
    const [origin, session] = [new URL(here.payee('mara')).origin, await sessionOf(new URL(here.payee('mara')).origin, 'mara')]
    const share = (parts: readonly object[]) => fetch(`${origin}/api/splits/${mara.id}`, { method: 'PUT', headers: { origin, cookie: session, 'content-type': 'application/json' }, body: JSON.stringify({ parts }) })
    const abroad = async (): Promise<unknown> => {
      const { pointers } = (await (await fetch(`${origin}/api/splits`, { headers: { cookie: session } })).json()) as { readonly pointers: readonly { readonly id: string; readonly split: { readonly parts: readonly { readonly elsewhere: unknown }[] } | null }[] }
      return pointers.find(({ id }) => id === mara.id)?.split?.parts.at(-1)?.elsewhere
    }
    expect((await share([{ pointer: there.payee('nobody-lives-here'), weight: 1 }])).status).toBe(400)
    expect((await share([{ pointer: mara.url, weight: 2 }, { pointer: there.payee('mara'), weight: 1 }])).status).toBe(204)
    const nothing = { awaitingApproval: '0', underWay: '0', refused: null, givenUpMs: null }
    expect(await abroad()).toEqual({ waiting: '0', sent: '0', ...nothing })
    // A subscriber's rest would go there too at her period's end, as far as anybody is there.
    const wallet = new URL((await house.address('alice')).url).origin
    const alice = await sessionOf(wallet, 'alice')
    const preview = async (payee: string): Promise<unknown> => (await fetch(`${wallet}/api/subscription/preview`, { method: 'POST', headers: { origin: wallet, cookie: alice, 'content-type': 'application/json' }, body: JSON.stringify({ policy: { kind: 'cause', payee } }) })).json()
    expect(await preview(there.payee('ines'))).toMatchObject({ shares: [{ payee: there.payee('ines') }], rolledOver: '0' })
    expect(await preview(there.payee('nobody-lives-here'))).toMatchObject({ shares: [] })
    const psp = await house.ledger.openAccount({ name: 'psp[sandbox]', kind: 'psp', asset: mara.asset, debitsMayExceedCredits: true })
    await house.ledger.transfer({ key: 'what mara shares', debitAccountId: psp.id, creditAccountId: mara.ledgerAccountId, amount: 3_000_000n, reason: 'deposit' })
    await expect.poll(abroad).toEqual({ waiting: '1000000', sent: '0', ...nothing })
    const [had, owed] = [await there.balance('mara'), await mirrored()]
    // The next morning.
    await house.query(`update payout.method set due_ms = 1 where account_id = (select id from ledger.accounts where name like 'elsewhere[%')`)
    await expect.poll(abroad).toEqual({ waiting: '0', sent: '1000000', ...nothing })
    const arrived = (await there.balance('mara')) - had
    expect(Number(arrived)).toBeGreaterThan(1_000_000 * 1.2537 * 0.999)
    expect(Number(arrived)).toBeLessThanOrEqual(1_000_000 * 1.2537)
    // In units of the link: of EUR at the same scale, or of USD at two digits less.
    expect((await mirrored()) - owed).toBe(kind === 'btp' ? 1_000_000n : 12_537n)
    expect((await share([])).status).toBe(204)
    await proven()
  })

  test('what one may owe the other is never exceeded: T04 says so, and settling lets it go on', async () => {
    const { balance } = await there.peer('here')
    const room = kind === 'btp' ? 150_000n : 1_500n
    const owedMax = BigInt(balance.owedToUs) + room
    await there.command('peers', 'limit', 'here', '--owed-max', String(owedMax))
    await wait(followMs)
    const out = await streamedUntil(here, there.payee('mara'), 5, ({ lastReject }) => lastReject?.code === 'T04')
    expect(out.lastReject).toMatchObject({ code: 'T04' })
    expect(out.lastReject?.message).toContain(`here would owe more than ${owedMax} units`)
    expect(BigInt(out.sent.value)).toBeLessThan(500_000n)
    const owed = await mirrored()
    expect(owed).toBeLessThanOrEqual(owedMax)
    expect(owed).toBeGreaterThan(0n)

    for (let again = 0; again < 2; again += 1) await there.command('peers', 'settle', 'here', String(owed), '--received', '--key', `bank-1`)
    await here.command('peers', 'settle', 'there', String(owed), '--key', 'bank-1')
    expect(await mirrored()).toBe(0n)
    expect((await streamedUntil(here, there.payee('mara'), 1, ({ fulfilled }) => fulfilled > 0)).fulfilled).toBeGreaterThan(0)
    await there.command('peers', 'limit', 'here', '--owed-max', String(10n ** 10n))
    await proven()
    await mirrored()
  })

  test('a paused peer gets nothing and its packets are refused; resumed it goes on', async () => {
    await there.command('peers', 'pause', 'here')
    await wait(followMs)
    const out = await streamedUntil(here, there.payee('ines'), 2, ({ sent, lastReject }) => sent.value === '0' && lastReject !== undefined)
    expect(out).toMatchObject({ sent: { value: '0' }, fulfilled: 0, lastReject: { code: 'T01', message: 'here is paused' } })
    const back = await streamedUntil(there, here.payee('ines'), 2, ({ sent, lastReject }) => sent.value === '0' && lastReject !== undefined)
    expect(back).toMatchObject({ sent: { value: '0' }, fulfilled: 0, lastReject: { code: 'T01', message: 'here is paused' } })
    expect(await there.command('peers', 'resume', 'here')).toMatchObject({ peer: { state: 'active' } })
    await wait(followMs)
    expect(await streamedUntil(here, there.payee('ines'), 2, ({ sent }) => sent.value === '200000')).toMatchObject({ sent: { value: '200000' } })
    await mirrored()
  })

  test('after kill -9 of the paid and then of the paying side the books of both are right, and the routes are as before', async () => {
    const atFirst = await there.balance('mara')
    const paid = here.stream(there.payee('mara'), 8)
    await there.isPaid('mara', atFirst)
    await there.kill()
    await there.start()
    const out = await paid
    expect(BigInt(out.sent.value)).toBeGreaterThan(0n)

    const byThen = await there.balance('mara')
    const paying = here.stream(there.payee('mara'), 8).catch(() => undefined)
    await there.isPaid('mara', byThen)
    await here.kill()
    await paying
    await here.start()
    await proven()
    // What was under way when one died is the payer's doubt: the payee's books may hold it, the payer's never more than the payee's.
    const [owedToPeer, owedToUs] = [BigInt((await here.peer('there')).balance.owedToPeer), BigInt((await there.peer('here')).balance.owedToUs)]
    expect(owedToUs).toBeGreaterThanOrEqual(owedToPeer)
    expect(await streamedUntil(here, there.payee('mara'), 2, ({ sent }) => sent.value === '200000')).toMatchObject({ sent: { value: '200000' } })
    await proven()
  })
})
