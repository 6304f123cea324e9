/**
 * What a person waits for, on the real product in a real Chromium: `rivulet up` until everything is healthy, a link tag until its first `monetization` event, the
 * entrances until they can be used (cold cache), the packets that still leave after a page is hidden, and how smoothly the operator's page shows 10,000 streams.
 */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type Id, newId } from '@rivulet/ids'
import { Ledger } from '@rivulet/ledger'
import { openEmbeddedPostgres, Postgres } from '@rivulet/postgres'
import { systemClock as clock } from '@rivulet/time'
import type { BrowserContext, Page } from 'playwright-core'
import { launchChromium, type TestBrowser } from '../tests/browser/chromium.ts'
import { TestSite } from '../tests/browser/test-site.ts'
import { type Ready, Server } from '../tests/support/product.ts'

const rounds = 5
const liveStreams = 10_000
const framesForMs = 10_000
const afterHidingMs = 4_000
const patienceMs = 60_000
const asset = { code: 'EUR', scale: 9 }
const password = 'rivulet-demo'
/** Somebody who types 60 words a minute. */
const msPerKey = 200

type Say = (line: string) => void
type Entrance = 'wallet' | 'receiver' | 'operator' | 'demo'
const entrances: readonly Entrance[] = ['wallet', 'receiver', 'operator', 'demo']

interface PageResult {
  /** From the command to every role healthy: an empty data folder, and one that was used before. */
  readonly upFirstMs: number
  readonly upMs: number
  /** From the link tag to its first event: added to a connected page, and in the head of a page that is opened (from the start of its script). */
  readonly linkToEventMs: number
  readonly openToEventMs: number
  /** Most events, over all rounds, of a page that had been hidden. */
  readonly packetsAfterHidingMax: number
  /** From the click on a page's button until its first payment, of a visitor who has no account: signs up in the popup, key by key, and connects the site; fresh profile. */
  readonly signUpToPaymentMs: number
  /** From the navigation until the first field or link can be used; cold cache. */
  readonly interactiveMs: Readonly<Record<Entrance, number>>
  readonly operator: { readonly streams: number; readonly listed: number; readonly framesPerSecond: number; readonly longestFrameMs: number }
  readonly booksRight: boolean
}

export async function benchPage(say: Say): Promise<PageResult> {
  await using building = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'rivulet-bench-'))
  building.defer(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  const { upFirstMs, upMs, product } = await starts(folder, building, say)
  const chromium = building.use(await launchChromium())
  const interactiveMs = await interactive(chromium, product.ready, say)
  const site = building.use(await TestSite.start(product.ready.wallet))
  const signUpToPaymentMs = await signUps(chromium, site, product.ready, say)
  const events = await firstEvents(chromium.context, site, product.ready, say)
  const operator = await liveOperator(chromium.context, folder, product.ready, say)
  const booksRight = await withBooks(folder, async (ledger) => (await ledger.verify()).ok)
  return { upFirstMs, upMs, signUpToPaymentMs, ...events, interactiveMs, operator, booksRight }
}

/** Starts the product on empty folders, and as often again on one that was used; the last one goes on. */
async function starts(folder: string, building: AsyncDisposableStack, say: Say): Promise<{ readonly upFirstMs: number; readonly upMs: number; readonly product: Server }> {
  const start = async (data: string): Promise<{ readonly ms: number; readonly product: Server }> => {
    const startMs = performance.now()
    const product = await Server.start(['up', '--port', '0', '--data', data])
    await Promise.all((['wallet', 'receiver', 'operator'] as const).map(async (role) => {
      const { status } = await fetch(`${product.ready[role]}/readyz`)
      if (status !== 200) throw new Error(`${role} is up and not ready: ${status}`)
    }))
    return { ms: performance.now() - startMs, product }
  }
  const first: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const data = mkdtempSync(join(tmpdir(), 'rivulet-bench-'))
    const { ms, product } = await start(data)
    first.push(ms)
    await product.end('SIGTERM')
    rmSync(data, { recursive: true, force: true, maxRetries: 5 })
  }
  const again: number[] = []
  let product: Server | undefined
  for (let round = 0; round <= rounds; round += 1) {
    await product?.end('SIGTERM')
    const started = await start(folder)
    product = started.product
    if (round > 0) again.push(started.ms)
  }
  if (product === undefined) throw new Error('nothing was started')
  building.use(product)
  const [upFirstMs, upMs] = [median(first), median(again)]
  say(`rivulet up to all healthy: ${upFirstMs} ms with an empty data folder (${shown(first)}), ${upMs} ms with its own (${shown(again)})`)
  return { upFirstMs, upMs, product }
}

/** Until the entrance shows something that takes focus: the time of the frame in which it is there, by the page's own clock. */
const interactiveProbe = `new Promise((resolve) => {
  const look = () => document.querySelector('input:enabled, main a[href]') === null ? requestAnimationFrame(look) : requestAnimationFrame(() => resolve(performance.now()))
  look()
})`

async function interactive({ browser }: TestBrowser, ready: Ready, say: Say): Promise<Readonly<Record<Entrance, number>>> {
  const measured: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round += 1) {
    for (const entrance of entrances) {
      // A profile of its own: nothing is cached.
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(ready[entrance], { waitUntil: 'commit' })
      ;(measured[entrance] ??= []).push(await page.evaluate<number>(interactiveProbe))
      await context.close()
    }
  }
  const result = Object.fromEntries(entrances.map((entrance) => [entrance, median(measured[entrance] ?? [])])) as Record<Entrance, number>
  say(`interactive, cold cache: ${entrances.map((entrance) => `${entrance} ${result[entrance]} ms`).join(', ')}`)
  return result
}

async function signUps({ browser }: TestBrowser, site: TestSite, ready: Ready, say: Say): Promise<number> {
  const address = site.page('/visited', { head: `<link id="a" rel="monetization" href="${ready.receiver}/mara">` })
  const ownPassword = 'a long password'
  const emailOf = (round: number): string => `reader-${round}@new.example`
  const measured: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const context = await browser.newContext()
    const page = await open(context, address)
    const button = page.getByRole('button', { name: 'Support this site' })
    await button.waitFor()
    const startMs = performance.now()
    const [popup] = await Promise.all([page.waitForEvent('popup'), button.click()])
    await popup.getByRole('button', { name: 'Sign up' }).last().click()
    await popup.getByLabel('Email').pressSequentially(emailOf(round), { delay: msPerKey })
    await popup.getByLabel('Password', { exact: true }).pressSequentially(ownPassword, { delay: msPerKey })
    await popup.locator('form button[type=submit]').click()
    await Promise.all([popup.waitForEvent('close'), popup.getByRole('button', { name: 'Connect', exact: true }).click({ noWaitAfter: true })])
    await page.evaluate(until(`${countEvents} > 0`))
    measured.push(performance.now() - startMs)
    await context.close()
  }
  const result = median(measured)
  say(`a visitor without an account pays ${result} ms after her click (${shown(measured)}), of which typing takes ${(emailOf(0).length + ownPassword.length) * msPerKey} ms`)
  return result
}

/** Resolves to the milliseconds between `from` (an expression of the page's clock) and the next `monetization` event of link #a. */
const eventAfter = (from: string): string => `new Promise((resolve) => {
  const fromMs = ${from}
  document.getElementById('a').addEventListener('monetization', () => resolve(performance.now() - fromMs), { once: true })
})`

const countEvents = `log.filter(([type]) => type === 'monetization').length`

async function firstEvents(context: BrowserContext, site: TestSite, ready: Ready, say: Say): Promise<Pick<PageResult, 'linkToEventMs' | 'openToEventMs' | 'packetsAfterHidingMax'>> {
  const link = `<link id="a" rel="monetization" href="${ready.receiver}/mara">`
  const monetized = site.page('/monetized', { head: link })
  // Its one link leads to nobody who is paid here: the page is connected, and idle until another is added.
  const waiting = site.page('/waiting', { head: `<link id="idle" rel="monetization" href="${ready.receiver}/tomas">` })
  await connect(context, ready, monetized)
  const [added, opened, afterHiding]: [number[], number[], number[]] = [[], [], []]
  for (let round = 0; round <= rounds; round += 1) {
    const page = await open(context, waiting)
    await page.evaluate(`new Promise((resolve) => document.getElementById('idle').addEventListener('monetization', resolve, { once: true }))`)
    await page.evaluate(`document.getElementById('idle').remove()`)
    await wait(500)
    const addedMs = await page.evaluate<number>(`{
      const link = Object.assign(document.createElement('link'), { id: 'a', rel: 'monetization', href: ${JSON.stringify(`${ready.receiver}/mara`)} })
      document.head.append(link)
      ${eventAfter('performance.now()')}
    }`)
    await page.close()
    const fresh = await open(context, monetized)
    const openedMs = await fresh.evaluate<number>(eventAfter(`performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/monetize.js')).responseEnd`))
    const atHiding = await fresh.evaluate<number>(countEvents)
    const cover = await open(context, 'about:blank')
    await wait(afterHidingMs)
    const later = (await fresh.evaluate<number>(countEvents)) - atHiding
    await cover.close()
    await fresh.close()
    // The first round warms up: the product has just started, and Chromium has cached nothing.
    if (round === 0) continue
    added.push(addedMs)
    opened.push(openedMs)
    afterHiding.push(later)
  }
  const result = { linkToEventMs: median(added), openToEventMs: median(opened), packetsAfterHidingMax: Math.max(...afterHiding) }
  say(`first event ${result.linkToEventMs} ms after a link is added to a connected page (${shown(added)}), ${result.openToEventMs} ms after the script of an opened page (${shown(opened)})`)
  say(`at most ${result.packetsAfterHidingMax} packets leave after hiding`)
  return result
}

async function open(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage()
  await page.goto(address, { waitUntil: 'commit' })
  await page.evaluate(until(`document.readyState !== 'loading'`))
  return page
}

/** Signs the demo subscriber in and connects the site, as a person does. */
async function connect(context: BrowserContext, ready: Ready, address: string): Promise<void> {
  const page = await open(context, address)
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Support this site' }).click()])
  await signIn(popup, 'alice')
  await Promise.all([popup.waitForEvent('close'), popup.getByRole('button', { name: 'Connect', exact: true }).click()])
  await page.evaluate(eventAfter('0'))
  await page.close()
  if (ready.demoAccounts.length === 0) throw new Error('this needs the sandbox')
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Email').fill(`${name}@demo.example`)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.locator('form button[type=submit]').click()
}

/** The product's own books, from beside it. */
async function withBooks<Result>(folder: string, work: (ledger: Ledger) => Promise<Result>): Promise<Result> {
  await using building = new AsyncDisposableStack()
  const { url } = building.use(await openEmbeddedPostgres({ dataFolder: folder }))
  const postgres = building.use(Postgres.connect({ url, connectionsMax: 6, applicationName: 'bench' }))
  const ledger = building.use(await Ledger.open({ postgres, clock }))
  // Awaited here: the connections end with this function.
  return await work(ledger)
}

/** Resolves when an expression is true in the page; a policy against `eval` does not concern it. */
const until = (expression: string): string => `new Promise((resolve, reject) => {
  const startMs = performance.now()
  const look = () => ${expression} ? resolve(undefined) : performance.now() - startMs > ${patienceMs} ? reject(new Error('waited too long')) : setTimeout(look, 20)
  look()
})`

const framesProbe = (ms: number): string => `new Promise((resolve) => {
  const frames = [performance.now()]
  const next = (nowMs) => {
    frames.push(performance.now())
    if (nowMs - frames[0] < ${ms}) return requestAnimationFrame(next)
    const gaps = frames.slice(1).map((at, index) => at - frames[index])
    resolve({ framesPerSecond: (gaps.length * 1000) / (frames.at(-1) - frames[0]), longestFrameMs: Math.max(...gaps) })
  }
  requestAnimationFrame(next)
})`

/**
 * The operator's page while 10,000 streams are open in the ledger and each is paid once a second. Their rows are written here, through the ledger, as wallets write them;
 * a browser with 10,000 monetized pages beside it would be measured, not the page.
 */
async function liveOperator(context: BrowserContext, folder: string, ready: Ready, say: Say): Promise<PageResult['operator']> {
  return withBooks(folder, async (ledger) => {
    const ids = await openStreams(ledger)
    let over = false
    let total = 0n
    const paying = (async () => {
      while (!over) {
        const nextMs = performance.now() + 1_000
        total += 100_000n
        await Promise.all(ids.map((id) => ledger.sending.book(id, 1, total)))
        await wait(Math.max(0, nextMs - performance.now()))
      }
    })()
    try {
      const page = await context.newPage()
      await page.goto(`${ready.operator}/streams`)
      await signIn(page, 'olivia')
      await page.evaluate(until(`document.querySelector('.figures')?.textContent.replaceAll(/[^0-9]+/g, '').includes('${liveStreams}')`))
      const measured: { readonly framesPerSecond: number; readonly longestFrameMs: number }[] = []
      for (let round = 0; round < rounds; round += 1) measured.push(await page.evaluate<{ framesPerSecond: number; longestFrameMs: number }>(framesProbe(framesForMs / rounds)))
      const listed = Number(await page.locator('[role=table][aria-rowcount]').getAttribute('aria-rowcount')) - 1
      await page.close()
      const framesPerSecond = median(measured.map((round) => round.framesPerSecond))
      const longestFrameMs = Math.round(Math.max(...measured.map((round) => round.longestFrameMs)))
      say(`the operator's page, ${ids.length} streams open and paid every second, ${listed} of them listed: ${framesPerSecond} frames a second, the longest took ${longestFrameMs} ms`)
      return { streams: ids.length, listed, framesPerSecond, longestFrameMs }
    } finally {
      over = true
      await paying
      await Promise.all(ids.map((id) => ledger.sending.close(id, 1, 'stopped')))
    }
  })
}

async function openStreams(ledger: Ledger): Promise<readonly Id<'strm'>[]> {
  const account = (name: string, kind: 'subscriber' | 'psp' | 'link' | 'loss'): ReturnType<Ledger['openAccount']> => ledger.openAccount({ name, kind, asset, debitsMayExceedCredits: kind !== 'subscriber' })
  const payer = await account('subscriber[bench]', 'subscriber')
  const [psp, link, loss] = [await account('psp[bench]', 'psp'), await account('link[bench]@wallet', 'link'), await account('loss@bench', 'loss')]
  const held = 60_000_000n
  await ledger.transfer({ key: 'bench', debitAccountId: psp.id, creditAccountId: payer.id, amount: held * BigInt(liveStreams), reason: 'deposit' })
  const nowMs = clock.nowMs()
  const ids = Array.from({ length: liveStreams }, () => newId('strm', nowMs))
  await Promise.all(ids.map((id, index) => ledger.sending.open({
    id, debitAccountId: payer.id, creditAccountId: link.id, lossAccountId: loss.id, connection: createHash('sha256').update(id).digest(), rate: 100_000n, held, sequenceCeiling: 1_000,
    // Nobody takes them over while they are watched.
    sendUntilMs: nowMs + 3_600_000, resume: { destination: 'test.bench', encryptedSecret: Buffer.alloc(60), receiverIsOurs: false }, ownerId: newId('ownr', nowMs),
    label: { payer: `http://localhost:4000/reader-${index}`, payee: `http://localhost:4001/author-${index % 100}`, site: `https://magazine-${index % 500}.example` },
  })))
  return ids
}

function median(values: readonly number[]): number {
  return Math.round(values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN)
}

function shown(values: readonly number[]): string {
  return values.map((value) => Math.round(value)).join(', ')
}
