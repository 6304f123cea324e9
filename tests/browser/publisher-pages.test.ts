/** What publishers do on their pages, and a subscriber's tip, in a real Chromium on the real product. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { seriousFaults } from './sound.ts'

const resources = new AsyncDisposableStack()
let product: Product
let chromium: TestBrowser
let complaints: string[] = []

beforeAll(async () => {
  product = resources.use(await startProduct())
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

const english = { locale: 'en-GB', email: 'Email', password: 'Password', width: 1280 }
const french = { locale: 'fr-FR', email: 'E-mail', password: 'Mot de passe', width: 390 }

async function open(url: string, person: string, words: typeof english): Promise<Page> {
  const context = await chromium.browser.newContext({ locale: words.locale, viewport: { width: words.width, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  const known = product.demoAccounts.find(({ name }) => name.startsWith(person))
  if (known === undefined) throw new Error(`the sandbox has no ${person}`)
  await page.goto(url)
  await page.getByLabel(words.email, { exact: true }).fill(known.email)
  await page.getByLabel(words.password, { exact: true }).fill(known.password)
  await page.keyboard.press('Enter')
  return page
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  expect(complaints).toEqual([])
}

const publisher = (index: number): { readonly name: string; readonly walletAddress: string | null } => {
  const found = product.demoAccounts.filter(({ role }) => role === 'publisher')[index]
  if (found === undefined) throw new Error('the sandbox has three publishers')
  return found
}

test('a site is added, its two proofs are shown, what is found of them is said, and it is removed', async () => {
  const page = await open(`${product.receiver}/sites`, publisher(0).name, english)
  await page.getByText('No site yet').waitFor()
  await page.getByLabel('Name of the site').fill(`${product.demo}/an/article`)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('Not proven').waitFor()
  await page.getByRole('button', { name: /^Look now for the proof/ }).click()
  await page.locator('.proof p[role=status]').filter({ hasText: /last look|proves nothing/ }).first().waitFor()
  await expectSound(page)
  await page.getByRole('button', { name: /^Remove http/ }).click()
  await page.getByRole('button', { name: 'Yes, remove' }).click()
  await page.getByText('No site yet').waitFor()
  expect(complaints).toEqual([])
  await page.context().close()
})

test('a further pointer is opened, and the income of another is shared; a statement of both is read and saved', async () => {
  const page = await open(`${product.receiver}/pointers`, publisher(0).name, english)
  await page.getByLabel('Last part of its address').fill('podcast')
  await page.getByLabel('Name that others see').fill('The Podcast')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { name: /podcast/ }).waitFor()
  await page.getByRole('button', { name: /^Share its income/ }).first().click()
  await page.getByRole('textbox', { name: 'Pointer 2' }).fill(`${product.receiver}/nobody-there`)
  await page.getByRole('button', { name: 'Share like this' }).click()
  await page.getByRole('alert').filter({ hasText: 'Nobody can be paid at one of these pointers' }).waitFor()
  await page.getByRole('textbox', { name: 'Pointer 2' }).fill(publisher(1).walletAddress ?? '')
  complaints = []
  await expectSound(page)
  await page.getByRole('button', { name: 'Share like this' }).click()
  await page.getByText(/^Shared since/).waitFor()
  await page.goto(`${product.receiver}/statements`)
  await page.getByText('Balance after').first().waitFor()
  await expectSound(page)
  const saved = await Promise.all(['CSV', 'PDF'].map(async (kind) => {
    const href = await page.getByRole('link', { name: `Save as ${kind}` }).getAttribute('href')
    const answer = await page.request.get(new URL(href ?? '', product.receiver).href)
    return [answer.status(), answer.headers()['content-type']]
  }))
  expect(saved).toEqual([[200, 'text/csv; charset=utf-8'], [200, 'application/pdf']])
  await page.context().close()
})

/** A publisher's server, and what it was told. */
let hook: string
const heard: { readonly signature: string; readonly type: string }[] = []

test('a webhook is added with its secret shown once, and before its publisher got anything nothing was sent', async () => {
  const shop = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      heard.push({ signature: request.headers['rivulet-signature']?.toString() ?? 'unsigned', type: (JSON.parse(body) as { type: string }).type })
      response.writeHead(200).end()
    })
  })
  await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve))
  resources.defer(() => {
    shop.closeAllConnections()
    shop.close()
  })
  hook = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/paid`
  const page = await open(`${product.receiver}/webhooks`, publisher(2).name, english)
  await page.getByText('No webhook yet').waitFor()
  await page.getByLabel('Address of your server').fill('ftp://shop.example')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('alert').filter({ hasText: 'cannot be told anything' }).waitFor()
  complaints = []
  await page.getByLabel('Address of your server').fill(hook)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByText('The secret, shown this once').waitFor()
  await expectSound(page)
  await page.getByRole('button', { name: 'I have kept it' }).click()
  await page.getByRole('button', { name: `Deliveries to ${hook}` }).click()
  await page.getByText('Nothing was sent yet').waitFor()
  await expectSound(page)
  expect(heard).toEqual([])
  await page.context().close()
})

test('a tip is given once, on a phone, in French, and what is said to have arrived has arrived', async () => {
  const to = publisher(2).walletAddress ?? ''
  const page = await open(`${product.wallet}/tip?to=${encodeURIComponent(to)}`, 'Ben', french)
  await page.getByLabel('Montant en EUR').fill('beaucoup')
  await page.getByRole('button', { name: 'Donner', exact: true }).click()
  await page.getByText('Écrivez un montant').waitFor()
  await page.getByLabel('Montant en EUR').fill('1,25')
  await page.getByRole('button', { name: 'Donner', exact: true }).click()
  await page.getByText(/^1,25\s€ sont arrivés chez/).waitFor()
  await expectSound(page)
  expect(await product.balance(new URL(to).pathname.slice(1))).toBe(1_250_000_000n)
  expect(await product.verify()).toMatchObject({ ok: true })
  await page.context().close()
})

test('what a webhook is told is listed with its answer, and told again', async () => {
  const page = await open(`${product.receiver}/webhooks`, publisher(2).name, english)
  await page.getByRole('button', { name: `Deliveries to ${hook}` }).click()
  // Her tip above can leave once it is posted, which happens after it was told that it arrived.
  await expect.poll(() => page.evaluate(async () => BigInt(((await (await fetch('/api/payouts')).json()) as { available: string }).available) > 0n), { timeout: 60_000 }).toBe(true)
  // To a pointer that is none: the payout fails, and her server hears of it, as of the tip.
  const asked = await page.evaluate(async () => {
    const send = async (path: string, method: string, body: object): Promise<number> => (await fetch(path, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).status
    return [
      await send('/api/payouts/method', 'PUT', { destination: { rail: 'interledger', walletAddress: `${location.origin}/nobody` }, schedule: 'none', threshold: '0' }),
      await send('/api/payouts', 'POST', { amount: '1000000', key: crypto.randomUUID() }),
    ]
  })
  expect(asked).toEqual([200, 201])
  const failed = page.locator('.deliveries .row').filter({ hasText: 'payout.failed' })
  await failed.getByText(/answered 200 · 1 attempt$/).waitFor()
  await expectSound(page)
  await failed.getByRole('button', { name: /^Send again/ }).click()
  await expect.poll(() => heard.filter(({ type }) => type === 'payout.failed').length).toBe(2)
  for (const { signature } of heard) expect(signature).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
  await page.getByRole('button', { name: `Pause ${hook}` }).click()
  await page.getByText('Events wait').waitFor()
  await page.context().close()
  const small = await open(`${product.receiver}/webhooks`, publisher(2).name, french)
  await small.getByRole('button', { name: `Envois vers ${hook}` }).click()
  await small.getByText('payout.failed').last().waitFor()
  await expectSound(small)
  if (process.env['RIVULET_PICTURES'] !== undefined) await small.screenshot({ path: `${process.env['RIVULET_PICTURES']}/webhooks-fr.png`, fullPage: true })
  await small.context().close()
})
