/** The subscriber's plan in a real Chromium on the real product: what is chosen is charged, what is refused stands at its field, and the ledger has it to the unit. */
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

async function open(person: string, words: { readonly locale: string; readonly email: string; readonly password: string; readonly width: number }): Promise<Page> {
  const context = await chromium.browser.newContext({ locale: words.locale, viewport: { width: words.width, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const known = product.demoAccounts.find(({ name }) => name.startsWith(person))
  if (known === undefined) throw new Error(`the sandbox has no ${person}`)
  await page.goto(`${product.wallet}/subscription`)
  await page.getByLabel(words.email, { exact: true }).fill(known.email)
  await page.getByLabel(words.password, { exact: true }).fill(known.password)
  await page.keyboard.press('Enter')
  return page
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
}

const english = { locale: 'en-GB', email: 'Email', password: 'Password', width: 1280 }

test('a dearer plan begins at once, and its budget is hers to the unit', async () => {
  const page = await open('Alice', english)
  await page.getByText(/^Paid until /).waitFor()
  const before = await product.balance('alice')
  await page.getByRole('button', { name: 'Take Patron' }).click()
  await page.locator('.plan-name', { hasText: 'Patron' }).waitFor()
  // Ten euros more for a period that has begun with this run of the tests (a day of it is a third of a euro), less the fee of 5 %.
  const more = (await product.balance('alice')) - before
  expect(more > 9_400_000_000n && more <= 9_500_000_000n).toBe(true)
  await expectSound(page)
  expect(await product.verify()).toMatchObject({ ok: true })
  await page.context().close()
})

test('a card that is none is refused at its field with what was typed, another is taken, and the sharing shows what it would come to', async () => {
  const page = await open('Ben', english)
  await page.getByLabel('Card number').fill('4111 1111 1111 1111')
  await page.getByRole('button', { name: 'Use this card' }).click()
  await page.getByText(/^This card is not accepted/).waitFor()
  expect(await page.getByLabel('Card number').inputValue()).toBe('4111 1111 1111 1111')
  await expectSound(page)
  await page.getByLabel('Card number').fill('4000 0000 0000 0341')
  await page.getByRole('button', { name: 'Use this card' }).click()
  await page.getByText('The new card is used from now on.').waitFor()

  await page.getByText('All to one wallet address').click()
  await page.getByRole('textbox', { name: 'Wallet address' }).fill(product.demoAccounts.find(({ role }) => role === 'publisher')?.walletAddress ?? '')
  await page.locator('.plan-estimate dd', { hasText: '€5.00' }).waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.reload()
  await page.getByText(/^Paid until /).waitFor()
  expect(await page.getByRole('radio', { name: 'All to one wallet address' }).isChecked()).toBe(true)
  await page.context().close()
})

test('who cancels is asked once, keeps the plan to the end of its period, and may change her mind; on a phone, in French', async () => {
  const page = await open('Ben', { locale: 'fr-FR', email: 'E-mail', password: 'Mot de passe', width: 390 })
  await page.getByRole('button', { name: 'Résilier', exact: true }).click()
  await page.getByRole('button', { name: 'Oui, résilier' }).click()
  await page.getByText(/puis elle prend fin/).waitFor()
  await expectSound(page)
  await page.getByRole('button', { name: 'Garder la formule' }).click()
  await page.getByText(/puis renouvelée/).waitFor()
  expect(await page.getByRole('button', { name: 'Garder la formule' }).count()).toBe(0)
  await page.context().close()
})

test('a card that is declined for a dearer plan says so where she asked for it, and nothing changes; what is paused may be cancelled', async () => {
  const page = await open('Ben', english)
  await page.getByLabel('Card number').fill('4000 0000 0000 0002')
  await page.getByRole('button', { name: 'Use this card' }).click()
  await page.getByText('The new card is used from now on.').waitFor()
  const before = await product.balance('ben')
  await page.getByRole('button', { name: 'Take Patron' }).click()
  await page.getByText('Your card was declined, and nothing was charged.').waitFor()
  expect([await page.locator('.plan-name').textContent(), await product.balance('ben')]).toEqual(['Reader', before])
  await expectSound(page)
  // As when a period that she had paused is over.
  await product.books.postgres.pool.query(`update funding.subscription set status = 'paused', due_ms = null, state = state || '{"status":"paused"}' where person_id = (select id from accounts.person where email = $1)`, [product.demoAccounts.find(({ name }) => name.startsWith('Ben'))?.email])
  await page.getByText('Paused: nothing is charged until you resume').waitFor()
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByText('Your plan ends now, and nothing more is charged.').waitFor()
  await expectSound(page)
  await page.getByRole('button', { name: 'Yes, cancel' }).click()
  await page.getByRole('heading', { name: 'Choose a plan' }).waitFor()
  await page.context().close()
})
