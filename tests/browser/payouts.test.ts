/** Payouts in a real Chromium on the real product: a publisher asks, an operator looks, and both pages are sound on a phone and in French. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { seriousFaults } from './sound.ts'

const resources = new AsyncDisposableStack()
let product: Product
let chromium: TestBrowser

beforeAll(async () => {
  product = resources.use(await startProduct())
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

async function open(url: string, person: string, words: { readonly locale: string; readonly email: string; readonly password: string; readonly width: number }): Promise<Page> {
  const context = await chromium.browser.newContext({ locale: words.locale, viewport: { width: words.width, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  await page.goto(url)
  await page.getByLabel(words.email, { exact: true }).fill(`${person}@demo.example`)
  await page.getByLabel(words.password, { exact: true }).fill('rivulet-demo')
  await page.keyboard.press('Enter')
  await page.locator('.payouts-page').waitFor()
  return page
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
}

const english = { locale: 'en-GB', email: 'Email', password: 'Password', width: 1280 }
const french = { locale: 'fr-FR', email: 'E-mail', password: 'Mot de passe', width: 390 }

test('a publisher says where her money goes; a wrong IBAN is refused at its field with what was typed, and an amount that is not there is refused before she asks', async () => {
  const page = await open(`${product.receiver}/payouts`, 'mara', english)
  await page.getByText('No payouts yet').waitFor()
  await page.getByLabel('Name of the holder').fill('Mara Lindqvist')
  await page.getByLabel('IBAN of the account').fill('FR14 2004 1010 0505 0001 3M02 607')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/^This is no IBAN/).waitFor()
  expect(await page.getByLabel('IBAN of the account').inputValue()).toBe('FR14 2004 1010 0505 0001 3M02 607')
  await expectSound(page)
  await page.getByLabel('IBAN of the account').fill('FR14 2004 1010 0505 0001 3M02 606')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('FR14 •••• 2606').waitFor()
  await page.getByLabel('Amount').fill('5.00')
  await page.getByText('There is less than that.').waitFor()
  expect(await page.getByRole('button', { name: 'Pay out' }).isDisabled()).toBe(true)
  await expectSound(page)
  await page.context().close()
})

test('an operator’s payouts and reconciliation are sound on a phone, in French, where all ways fit without scrolling; a file that is no statement is refused in words', async () => {
  const page = await open(new URL('/payouts', product.operator).href, 'olivia', french)
  await page.getByText('Aucun versement ici').waitFor()
  await page.locator('.grouped-ways-button').click()
  await page.getByRole('link', { name: 'Boîte aux lettres' }).waitFor()
  expect(await page.locator('.grouped-ways-list').evaluate((list) => list.scrollHeight - list.clientHeight)).toBe(0)
  await page.keyboard.press('Escape')
  await page.locator('input[type=file][accept*=xml]').setInputFiles({ name: 'camt.xml', mimeType: 'application/xml', buffer: Buffer.from('<html/>') })
  await page.getByText(/^Ce relevé n’est pas accepté/).waitFor()
  await expectSound(page)
  expect(await page.getByRole('alert').isVisible()).toBe(true)
  await page.goto(new URL('/reconciliation', product.operator).href)
  await page.getByText('Comptes et relevés concordent, et rien n’est en retard').waitFor()
  await expectSound(page)
  // A provider's statement as CSV: one line that our books do not have.
  await page.goto(new URL('/payouts', product.operator).href)
  const csv = page.locator('input[type=file][accept*=csv]')
  const upload = (line: string) => csv.setInputFiles({ name: 'janvier.csv', mimeType: 'text/csv', buffer: Buffer.from(`kind,reference,amount,currency,at\n${line}\n`) })
  await upload('bribe,subs_x/1,5.00,EUR,2027-01-03')
  await page.getByText(/^Ce relevé n’est pas accepté/).waitFor()
  await upload('charge,subs_x/1,5.00,EUR,2027-01-03')
  await page.getByText('stripe · janvier.csv').waitFor()
  await expectSound(page)
  await page.goto(new URL('/reconciliation', product.operator).href)
  await page.getByText('Absent de nos comptes').waitFor()
  await expectSound(page)
  await page.context().close()
})
