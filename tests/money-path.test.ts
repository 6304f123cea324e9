/**
 * Read this first. One reader, one article, a few seconds: the way that money takes, hop by hop as docs/architecture.md lists them. Everything is real: the product
 * in a process of its own, PostgreSQL, BTP over a WebSocket, STREAM packets, sockets. Only the browser is left out (tests/browser has it).
 */
import { Ledger, type SendingStream } from '@rivulet/ledger'
import { openEmbeddedPostgres, Postgres } from '@rivulet/postgres'
import { systemClock } from '@rivulet/time'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AgentSocket, Reader } from './support/reader.ts'
import { dataFolder, rivulet, Server } from './support/product.ts'

const site = 'https://magazine.example'
const budget = 5_000_000_000n
const ratePerSecond = 100_000n

describe('one second of attention becomes one durable credit', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let product: Server
  let ledger: Ledger
  let reader: Reader
  let agent: AgentSocket
  let pointer: string
  let stream: SendingStream
  let incomingPayment: string

  beforeAll(async () => {
    folder = resources.use(dataFolder()).path
    product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
    // The test looks at the same books, as a guest of the same database.
    const database = resources.use(await openEmbeddedPostgres({ dataFolder: folder }))
    const postgres = resources.use(Postgres.connect({ url: database.url, connectionsMax: 4, applicationName: 'money path' }))
    ledger = resources.use(await Ledger.open({ postgres, clock: systemClock }))
    pointer = product.ready.demoAccounts.find(({ role }) => role === 'publisher')?.walletAddress ?? ''
    reader = new Reader(product.ready.wallet)
    await reader.signUp('Nora')
    await reader.connect(site)
  })
  afterAll(() => resources.disposeAsync())

  const the = async (): Promise<SendingStream> => {
    const found = await ledger.sending.get(stream.id)
    if (found === undefined) throw new Error('the stream has no row')
    return found
  }

  /** What anybody may see of the incoming payment. */
  const publicView = async (): Promise<{ readonly authServer: string; readonly receivedAmount: { readonly value: string } }> =>
    (await (await fetch(incomingPayment)).json()) as { authServer: string; receivedAmount: { value: string } }

  test('1 attention: the agent of a connected site asks the wallet to pay a link, and hears that its pointer loads', async () => {
    agent = resources.use(await reader.open(site))
    await agent.until((heard) => heard.some(({ type, connected }) => type === 'attached' && connected === true))
    agent.say({ type: 'start', requestId: 'article', pointer })
    await agent.until((heard) => heard.some(({ type }) => type === 'loaded'))
    expect(agent.heard.find(({ type }) => type === 'loaded')).toMatchObject({ requestId: 'article', paymentPointer: pointer })
  })

  test('2 budget: the stream’s row holds a minute of the rate before anything is paid', async () => {
    await agent.until((heard) => heard.some(({ type }) => type === 'paid'))
    const open = await ledger.sending.list({ states: ['open'], limit: 10 })
    expect(open).toHaveLength(1)
    stream = open[0] as SendingStream
    expect(stream).toMatchObject({ held: 60n * ratePerSecond, rate: ratePerSecond, label: { payee: pointer, site } })
    expect((await reader.me()).balance).toMatchObject({ posted: budget.toString(), pending: stream.held.toString() })
  })

  test('3 address: the wallet address names its servers, and they gave an incoming payment that every paid event names', async () => {
    const { origin } = new URL(pointer)
    const address = (await (await fetch(pointer, { headers: { accept: 'application/json' } })).json()) as object
    expect(address).toMatchObject({ id: pointer, assetCode: 'EUR', assetScale: 9, authServer: `${origin}/auth`, resourceServer: origin })
    incomingPayment = agent.paid[0]?.incomingPayment ?? ''
    expect(incomingPayment).toMatch(new RegExp(`^${origin}/incoming-payments/inpm_`))
    expect((await publicView()).authServer).toBe(`${origin}/auth`)
  })

  test('3 and where a wallet speaks only SPSP, the same address answers with fresh credentials for each who asks', async () => {
    const ask = async (): Promise<{ destination_account: string; shared_secret: string }> =>
      (await (await fetch(pointer, { headers: { accept: 'application/spsp4+json' } })).json()) as { destination_account: string; shared_secret: string }
    const [first, second] = [await ask(), await ask()]
    expect(first.destination_account).toMatch(/^test\.rivulet\.receiver\./)
    expect(first.destination_account).not.toBe(second.destination_account)
    expect(first.shared_secret).not.toBe(second.shared_secret)
  })

  test('4 to 8 tick, wire, hop, arrival, commit: every second one packet becomes one durable credit', async () => {
    await agent.until(() => agent.paid.length >= 4)
    const credited = await ledger.receiving.totalOf(stream.connection)
    const seen = agent.paid.reduce((sum, { received }) => sum + BigInt(received.amount), 0n)
    // Whatever the page was told of was durable before.
    expect(credited).toBeGreaterThanOrEqual(seen)
    expect(seen).toBeGreaterThan(0n)
  })

  test('9 debit: what the page was told is what the wallet booked', async () => {
    agent.say({ type: 'stop', requestId: 'article', final: true })
    await agent.until((heard) => heard.some(({ type }) => type === 'stopped'))
    await expect.poll(async () => (await the()).state).toBe('closed')
    const told = agent.paid.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    expect((await the()).total).toBe(told)
    expect(await ledger.receiving.totalOf(stream.connection)).toBe(told)
    // A publisher's server finds the same amount at the URL that the page's events named.
    expect(agent.paid.every((paid) => paid.incomingPayment === incomingPayment)).toBe(true)
    expect((await publicView()).receivedAmount).toEqual({ value: told.toString(), assetCode: 'EUR', assetScale: 9 })
  })

  test('10 close: what was paid is posted, the rest of the hold is released', async () => {
    const { total, posted } = await the()
    expect(posted).toBe(total)
    expect((await reader.me()).balance).toMatchObject({ posted: (budget - total).toString(), pending: '0', accrued: '0' })
    await expect.poll(async () => JSON.parse((await rivulet(['balance', pointer.split('/').at(-1) ?? '', '--json', '--data', folder])).stdout) as object).toMatchObject({ posted: total.toString(), accrued: '0', assetCode: 'EUR', assetScale: 9 })
  })

  test('and the books prove it', async () => {
    const { status, stdout } = await rivulet(['verify', '--json', '--data', folder])
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, problems: [], streamsInDoubt: 0 })
    expect(status).toBe(0)
  })
})
