/** The operator's pages in a real Chromium on the real product: each in all its states, and how they lead to each other. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { seriousFaults } from './sound.ts'
import { walkEntrance, walkTimeoutMs } from './walk.ts'

const resources = new AsyncDisposableStack()
let product: Product
let chromium: TestBrowser

beforeAll(async () => {
  product = resources.use(await startProduct())
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

async function signedIn(): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const context = await chromium.browser.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(product.operator)
  await page.getByLabel('Email', { exact: true }).fill('olivia@demo.example')
  await page.getByLabel('Password', { exact: true }).fill('rivulet-demo')
  await page.keyboard.press('Enter')
  await page.locator('.light').waitFor()
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  return { page, complaints }
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
}

const shows = { '/': '.light-safe', '/streams': '.streams', '/peers': '.empty', '/ledger': '.rows .row', '/indicators': '.funnel', '/what-if': '.what-if-charts svg .recharts-line', '/subscriptions': '.rows .row', '/queues': '.rows .row', '/settings': '.settings' }

test('every page says that it loads, that it cannot and how to go on, and when it is old; and is sound', async () => {
  expect(await walkEntrance({ entrance: 'operator', origin: product.operator, browser: chromium.browser, email: 'olivia@demo.example', password: 'rivulet-demo', shows })).toBeGreaterThan(18)
}, walkTimeoutMs)

test('from an account to a transfer whose hash the browser computes again, and what is changed in the calculator is computed and shown', async () => {
  const { page, complaints } = await signedIn()
  await page.goto(new URL('/ledger', product.operator).href)
  await page.getByLabel('Account, or an id').fill('psp[')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.getByRole('link', { name: 'psp[sandbox]' }).click()
  await page.getByRole('link', { name: 'subscription', exact: true }).first().click()
  await page.getByRole('button', { name: 'Recompute' }).click()
  await page.getByText('The hash is right: nothing was changed.').waitFor()
  await expectSound(page)

  await page.goto(new URL('/what-if', product.operator).href)
  // The example of the economics: 0.50 with 0.10 of cost leaves 80 %, and 1,000 of fixed cost is paid by 2,500 sales.
  for (const [field, value] of [['Price', '0.50'], ['Other cost of each sale', '0,10'], ['Publishers’ share', '0'], ['Margin wanted', '40'], ['Payment fee, part', '0'], ['Payment fee, fixed', '0'], ['Fixed cost of the period', '1000']] as const) await page.getByLabel(field, { exact: true }).fill(value)
  await page.locator('.stat').filter({ hasText: 'Break-even' }).getByText('2,500', { exact: true }).waitFor()
  await page.getByText('80% of the price: as wanted').waitFor()
  // 3 % of 100,000 visits at 0.40 leave 200 of the 1,000: a fiftieth of the 10,000 that were put in.
  await page.locator('.stat').filter({ hasText: 'Return on investment' }).getByText('2%', { exact: true }).waitFor()
  await page.getByText('paid back after 50 periods', { exact: false }).waitFor()
  await page.getByLabel('Price', { exact: true }).fill('much')
  await page.getByText('Write a number such as 0.25; per cent from 0 to 100.').waitFor()
  expect(await page.getByLabel('Price', { exact: true }).inputValue()).toBe('much')
  // The browser reports the refusal of that number as a failed request; nothing else complains.
  expect(complaints.filter((text) => !text.includes('400'))).toEqual([])

  await page.goto(new URL('/indicators', product.operator).href)
  await page.getByRole('button', { name: 'Fee ratio' }).focus()
  await page.getByText('Fees of providers and bank ÷ revenue.', { exact: false }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('note').waitFor({ state: 'detached' })
  await page.context().close()
})
