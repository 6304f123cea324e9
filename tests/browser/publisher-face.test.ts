/** What publishers look at: what arrives, revenue, how to begin, keys for their servers; in a real Chromium on the real product. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { seriousFaults } from './sound.ts'
import { walkEntrance, walkTimeoutMs } from './walk.ts'

const resources = new AsyncDisposableStack()
let product: Product
let chromium: TestBrowser
let complaints: string[] = []

beforeAll(async () => {
  product = resources.use(await startProduct())
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

const english = { locale: 'en-GB', email: 'Email', password: 'Password', width: 1280, dark: false }
const french = { locale: 'fr-FR', email: 'E-mail', password: 'Mot de passe', width: 390, dark: true }

async function open(url: string, words: typeof english): Promise<Page> {
  const context = await chromium.browser.newContext({ locale: words.locale, viewport: { width: words.width, height: 844 }, reducedMotion: 'reduce', colorScheme: words.dark ? 'dark' : 'light' })
  const page = await context.newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  const known = product.demoAccounts.find(({ role }) => role === 'publisher')
  await page.goto(url)
  await page.getByLabel(words.email, { exact: true }).fill(known?.email ?? '')
  await page.getByLabel(words.password, { exact: true }).fill(known?.password ?? '')
  await page.keyboard.press('Enter')
  return page
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  expect(complaints).toEqual([])
}

test('from the two lines over a test of a page to money that arrives: on the page, live at home and in the revenue', async () => {
  const page = await open(`${product.receiver}/start`, english)
  const home = await page.context().newPage()
  await page.getByText('<link rel="monetization"').waitFor()
  await page.getByLabel('How the site is made').selectOption('wordpress')
  await page.getByText("add_action('wp_head'").waitFor()
  await page.getByLabel('Address of the page').fill(product.demo)
  await page.getByRole('button', { name: 'Test it' }).click()
  await page.getByText('The page loads').waitFor()
  await expectSound(page)
  await home.goto(product.receiver)
  await home.getByText('Nobody is reading at the moment').waitFor()
  // Looked for from before it begins: it lasts some seconds only.
  const atHome = home.getByText(/^1 stream is paying you now/).waitFor()
  await page.getByRole('button', { name: 'Start a test stream' }).click()
  await Promise.all([page.getByText('Second 1', { exact: true }).waitFor(), atHome])
  await page.getByText(/have arrived in \d+ packets/).waitFor()
  await home.getByText('Nobody is reading at the moment').waitFor()
  await expectSound(home)
  const paid = await product.balance('mara')
  expect(paid).toBeGreaterThan(0n)
  await expect.poll(async () => BigInt(((await home.locator('.figure').first().textContent()) ?? '').replace(/\D/g, '')) * 1_000n).toBe(paid - (paid % 1_000n))
  await home.goto(`${product.receiver}/revenue`)
  await home.locator('.chart svg').first().waitFor()
  await home.getByRole('rowheader', { name: 'Site not known' }).waitFor()
  await expectSound(home)
  await page.context().close()
})

test('on a phone, in French, in the dark: a key is made, reads, is revoked and reads no more', async () => {
  const page = await open(`${product.receiver}/api-keys`, french)
  await page.getByText('Aucune clé pour l’instant').waitFor()
  await page.getByRole('button', { name: 'Créer une clé' }).click()
  await page.getByText('Donnez un nom à la clé.').waitFor()
  await page.getByLabel('Nom du serveur').fill('boutique')
  await expectSound(page)
  await page.getByRole('button', { name: 'Créer une clé' }).click()
  const key = (await page.locator('pre.snippet').first().textContent()) ?? ''
  await expectSound(page)
  const status = async (): Promise<number> => (await fetch(`${product.receiver}/api/payments`, { headers: { authorization: `Bearer ${key}` } })).status
  expect(await status()).toBe(200)
  await page.getByRole('button', { name: 'Je l’ai gardée' }).click()
  await page.getByRole('button', { name: 'Révoquer boutique' }).click()
  await page.getByRole('button', { name: 'Oui, révoquer' }).click()
  await page.getByText(/^Révoquée le/).waitFor()
  expect(await status()).toBe(401)
  await page.context().close()
})

test('every page says that it loads, that it cannot and how to go on, and when it is old; and is sound', async () => {
  const { email = '', password = '' } = product.demoAccounts.find(({ role }) => role === 'publisher') ?? {}
  expect(await walkEntrance({ entrance: 'publisher', origin: product.receiver, browser: chromium.browser, email, password, shows: { '/revenue': '.chart svg', '/start': '.snippet' } })).toBeGreaterThan(15)
}, walkTimeoutMs)

test('the API is browsed: a route is found, opened, and shows who may use it and what it takes; on a phone the ways to other pages lie under the thumb', async () => {
  const page = await open(`${product.receiver}/`, french)
  const ways = page.locator('.grouped-ways-button')
  await ways.waitFor()
  expect((await ways.boundingBox())?.y).toBeGreaterThan(700)
  await ways.focus()
  await page.keyboard.press('Enter')
  await page.getByRole('link', { name: 'Référence de l’API' }).waitFor()
  await page.keyboard.press('Escape')
  expect(await ways.getAttribute('aria-expanded')).toBe('false')
  await ways.click()
  await page.getByRole('link', { name: 'Référence de l’API' }).click()
  await page.getByLabel('Chercher une route').fill('splits')
  await page.getByText('/api/splits/{id}').click()
  const opened = page.locator('details[open]')
  await opened.getByText('Pour qui est connecté ici.').waitFor()
  await opened.getByText('weight', { exact: true }).waitFor()
  await expectSound(page)
  await page.context().close()
})
