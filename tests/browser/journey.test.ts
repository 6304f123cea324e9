/**
 * The whole way of one second of attention, through the real product, in a real Chromium, with a publisher's site and a wallet that are
 * different sites. Nothing here is scripted but the reader. Time passes only as payments do: a test waits for what another page is paid.
 */
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildClientScript } from '@rivulet/client-script'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { TestSite } from './test-site.ts'
import { clickAway, until } from './until.ts'

let product: Product
let chromium: TestBrowser
let site: TestSite
let pages: Page[] = []
let paths = 0

beforeAll(async () => {
  await buildClientScript()
  ;[product, chromium] = await Promise.all([startProduct(), launchChromium()])
  site = await TestSite.start(product.wallet)
})
afterEach(async () => {
  for (const page of pages) if (!page.isClosed()) await page.close()
  pages = []
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await chromium[Symbol.asyncDispose]()
  await product[Symbol.asyncDispose]()
})

const payee = (name: string): string => `${product.receiver}/${name}`
const link = (name: string, id = 'a'): string => `<link id="${id}" rel="monetization" href="${payee(name)}">`

/** A page in a window of its own. */
async function open(address: string): Promise<Page> {
  const page = await chromium.open(address)
  pages.push(page)
  return page
}

/** A page of a site with this in its head. */
function pageOf(head: string, on = site, headers: Readonly<Record<string, string>> = {}): string {
  paths += 1
  return on.page(`/${paths}`, { head, headers })
}

const events = async (page: Page, id = 'a'): Promise<number> => page.evaluate<number>(`log.filter(([type, of]) => type === 'monetization' && of === ${JSON.stringify(id)}).length`)
const state = (page: Page, name: string): Promise<void> => until(page, `document.querySelector('script[data-rivulet-state="${name}"]') !== null`)
const paidMore = async (page: Page, more: number, id = 'a'): Promise<void> =>
  until(page, `log.filter(([type, of]) => type === 'monetization' && of === ${JSON.stringify(id)}).length >= ${(await events(page, id)) + more}`)

/** What the events of a page say was sent, in billionths, and in which currency. */
async function sentBy(page: Page): Promise<bigint> {
  const amounts = await page.evaluate<[string, string][]>(`log.filter(([type]) => type === 'monetization').map(([, , { amountSent }]) => [amountSent.value, amountSent.currency])`)
  for (const [value, currency] of amounts) expect([currency, value.split('.')[1]?.length]).toEqual(['EUR', 9])
  return amounts.reduce((sum, [value]) => sum + BigInt(value.replace('.', '')), 0n)
}

/** Opens the popup of a page that offers the button. */
async function openPopup(page: Page): Promise<Page> {
  const [popup] = await Promise.all([page.waitForEvent('popup'), page.getByRole('button', { name: 'Support this site' }).click()])
  return popup
}

async function consent(popup: Page): Promise<void> {
  await clickAway(popup, popup.getByRole('button', { name: 'Connect', exact: true }))
}

async function signIn(popup: Page, email: string, password: string): Promise<void> {
  await popup.getByLabel('Email').fill(email)
  await popup.getByLabel('Password', { exact: true }).fill(password)
  await popup.locator('form button[type=submit]').click()
}

/** A page of the site that is connected: the first that needs it connects the site, as the reader who signed up. */
async function openConnected(head: string): Promise<Page> {
  const page = await open(pageOf(head))
  await until(page, `['unconnected', 'paying'].includes(document.querySelector('script[data-rivulet-state]')?.dataset.rivuletState)`)
  if (await page.evaluate<boolean>(`document.querySelector('script[data-rivulet-state=unconnected]') !== null`)) await consent(await openPopup(page))
  await state(page, 'paying')
  return page
}

test('a visitor without an account signs up, connects the site, and pays without a reload; the events add up to the ledger, to the unit', async () => {
  const before = await product.balance('mara')
  const page = await open(pageOf(link('mara')))
  await page.evaluate('window.sameDocument = true')
  await until(page, `log.some(([type]) => type === 'load')`)
  await state(page, 'unconnected')
  const popup = await openPopup(page)
  await popup.getByRole('button', { name: 'Sign up' }).last().click()
  await signIn(popup, 'reader@new.example', 'a long enough password')
  await consent(popup)
  await paidMore(page, 5)
  expect(await page.evaluate('[sameDocument, document.querySelector("rivulet-button")]')).toEqual([true, null])
  // Hidden, it is told of what had left already, and then nothing more moves.
  await chromium.hide(page)
  await expect.poll(async () => (await product.balance('mara')) - before === (await sentBy(page))).toBe(true)
  expect(await page.evaluate(`log.map(([type]) => type).slice(0, 2)`)).toEqual(['load', 'monetization'])
  expect(await events(page)).toBeGreaterThanOrEqual(5)
})

test('after a page is hidden at most two more packets leave, and showing it resumes', async () => {
  const page = await openConnected(link('mara'))
  await paidMore(page, 2)
  // Counted by the page, at the moment at which it is told: what is paid until then is paid for being seen.
  await page.evaluate(`document.addEventListener('visibilitychange', () => { window.paidAtHiding = log.filter(([type]) => type === 'monetization').length }, { once: true })`)
  await chromium.hide(page)
  const other = await openConnected(link('tomas'))
  await paidMore(other, 4)
  expect((await events(page)) - (await page.evaluate<number>('paidAtHiding'))).toBeLessThanOrEqual(2)
  await other.close()
  await chromium.show(page)
  await paidMore(page, 2)
})

test('removing the tag stops for good', async () => {
  const page = await openConnected(link('mara'))
  await paidMore(page, 1)
  await page.evaluate(`document.getElementById('a').remove()`)
  await state(page, 'idle')
  const paidAtRemoval = await events(page)
  const other = await openConnected(link('tomas'))
  await paidMore(other, 3)
  const settled = await product.balance('mara')
  await other.close()
  const witness = await openConnected(link('tomas'))
  await paidMore(witness, 3)
  expect([await product.balance('mara'), await events(page)]).toEqual([settled, paidAtRemoval])
})

test('changing href moves the money', async () => {
  const page = await openConnected(link('mara'))
  await paidMore(page, 2)
  const ines = await product.balance('ines')
  await page.evaluate(`document.getElementById('a').href = ${JSON.stringify(payee('ines'))}`)
  await until(page, `log.at(-1)[2].paymentPointer === ${JSON.stringify(payee('ines'))} && log.at(-1)[0] === 'monetization'`)
  const [mara, sent] = [await product.balance('mara'), await sentBy(page)]
  await paidMore(page, 3)
  // However much time each of them was for.
  const sentSince = (await sentBy(page)) - sent
  expect(sentSince).toBeGreaterThan(0n)
  expect(await product.balance('mara')).toBe(mara)
  expect((await product.balance('ines')) - ines).toBeGreaterThanOrEqual(sentSince)
})

test('two pages that are both seen pay one at a time', async () => {
  const first = await openConnected(link('mara'))
  const second = await openConnected(link('tomas'))
  expect(await Promise.all([first, second].map((page) => page.evaluate('document.visibilityState')))).toEqual(['visible', 'visible'])
  await state(first, 'paused')
  const before = await events(first)
  await paidMore(second, 4)
  expect((await events(first)) - before).toBeLessThanOrEqual(2)
  await second.close()
  await paidMore(first, 2)
})

test('several links share one rate equally', async () => {
  const page = await openConnected(`${link('mara', 'm')}${link('tomas', 't')}${link('ines', 'i')}`)
  for (const id of ['m', 't', 'i']) await paidMore(page, 3, id)
  const { rate, streams } = (await (await chromium.context.request.get(`${product.wallet}/api/me`)).json()) as { rate: string; streams: { payee: string; rate: string; state: string }[] }
  const paying = streams.filter((stream) => stream.state === 'paying')
  expect(paying.map((stream) => BigInt(stream.rate))).toEqual(Array(3).fill(BigInt(rate) / 3n))
})

test('the page can read no credential, and the wallet’s cookies are out of every script’s reach', async () => {
  const page = await openConnected(link('mara'))
  expect(await page.evaluate(`({ cookie: document.cookie, local: localStorage.length, session: sessionStorage.length })`)).toEqual({ cookie: '', local: 0, session: 0 })
  expect(await page.evaluate(`{ let seen; try { seen = document.querySelector('iframe').contentWindow.document.cookie } catch (error) { seen = error.name }; seen }`)).toBe('SecurityError')
  const tokens = (await chromium.context.cookies(`${product.wallet}/agent`)).filter(({ name }) => name.includes('rivulet-agent-'))
  expect(tokens.length).toBeGreaterThan(0)
  for (const { httpOnly, secure, sameSite, partitionKey } of tokens) expect({ httpOnly, secure, sameSite, partitioned: partitionKey !== undefined }).toEqual({ httpOnly: true, secure: true, sameSite: 'None', partitioned: true })
  const agent = page.frames().find((frame) => frame.url() === `${product.wallet}/agent`)
  expect(await agent?.evaluate('({ cookie: document.cookie, local: localStorage.length, session: sessionStorage.length })')).toEqual({ cookie: '', local: 0, session: 0 })
})

test('no other site can use this one’s consent, nor its code, nor a code twice', async () => {
  await openConnected(link('mara'))
  await using other = await TestSite.start(product.wallet)
  // The same address with another port: the browser keeps its cookies together, the wallet keeps them apart.
  const stranger = await open(pageOf(`${link('mara')}<script>addEventListener('message', ({ data }) => { if (data?.type === 'rivulet:code') window.seenCode = data.code })</script>`, other))
  await state(stranger, 'unconnected')
  expect(await events(stranger)).toBe(0)
  await consent(await openPopup(stranger))
  await state(stranger, 'paying')
  const code = await stranger.evaluate<string>('seenCode')
  await using third = await TestSite.start(product.wallet)
  for (const [where, unconnected] of [[third, true], [other, false]] as const) {
    const address = pageOf(link('mara'), where)
    const page = await open('about:blank')
    const refusal = page.waitForEvent('console', (message) => message.text().startsWith('Rivulet:'))
    await page.goto(`${address}#rivulet-code=${code}`)
    await refusal
    expect(await page.evaluate('location.hash')).toBe('')
    await state(page, unconnected ? 'unconnected' : 'paying')
  }
})

test('the connect page may not be framed, the agent may', async () => {
  const page = await open(pageOf(''))
  const framed = await page.evaluate<string[]>(`Promise.all(['/agent', '/connect?challenge=x', '/'].map((path) => new Promise((done) => {
    const frame = document.createElement('iframe')
    frame.onload = () => done(path)
    frame.src = ${JSON.stringify(product.wallet)} + path
    document.body.append(frame)
  })))`)
  expect(framed).toHaveLength(3)
  expect(page.frames().map((frame) => frame.url()).filter((url) => url.startsWith(product.wallet))).toEqual([`${product.wallet}/agent`])
})

test('a page whose frame-src forbids the wallet gets one clear console message', async () => {
  const page = await open('about:blank')
  const said: string[] = []
  page.on('console', (message) => {
    if (message.text().startsWith('Rivulet:')) said.push(message.text())
  })
  await page.goto(pageOf(link('mara'), site, { 'content-security-policy': "frame-src 'none'" }))
  await until(page, `log.some(([type]) => type === 'error')`)
  await expect.poll(() => said).toEqual([`Rivulet: the Content-Security-Policy of this page forbids the wallet: add ${product.wallet} to its frame-src`])
})

test('a pointer that leads nowhere gets `error`, and its neighbour is paid', async () => {
  const page = await openConnected(`${link('nobody', 'x')}${link('mara')}`)
  await paidMore(page, 1)
  expect(await page.evaluate(`log.filter(([type]) => type !== 'monetization').map(([type, id]) => [type, id]).sort()`)).toEqual([['error', 'x'], ['load', 'a']])
})

test('the magazine: its gauge moves with real payments, the drawer opens, authors share a page, the old tag works, and one page asks for nothing', async () => {
  const lamp = await open(`${product.demo}/en/the-lamp-room`)
  await lamp.getByText('Not connected').waitFor()
  expect(await lamp.locator('[data-exclusive]').isVisible()).toBe(false)
  await consent(await openPopup(lamp))
  await lamp.getByRole('heading', { name: 'What she keeps in the drawer' }).waitFor()
  await lamp.getByText('Paying while you read').waitFor()
  const legacy = await open(`${product.demo}/fr/an-index-of-ferries`)
  await expect.poll(async () => Number(await legacy.locator('[data-count]').textContent()), { timeout: 30_000 }).toBeGreaterThanOrEqual(2)
  expect(await legacy.locator('[data-status]').textContent()).toBe('Vous payez en lisant.')
  const shared = await open(`${product.demo}/en/three-voices-of-the-marsh`)
  await expect.poll(async () => (await shared.locator('[data-tally]').allTextContents()).filter((text) => text.startsWith('€0.')).length, { timeout: 30_000 }).toBe(3)
  const well = await open(`${product.demo}/en/the-common-well`)
  expect([await well.locator('[data-status]').textContent(), await well.locator('iframe').count()]).toEqual(['This page asks for nothing.', 0])
})

test('after all this the books are right', async () => {
  for (const page of pages) await page.close()
  await expect.poll(async () => (await product.verify()).ok, { timeout: 60_000 }).toBe(true)
})
