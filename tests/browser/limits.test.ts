/** "Limits and sites" in a real Chromium on the real product: what she sets is what the wallet holds her to, and what cannot be is said at its field. */
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

async function open(words: { readonly locale: string; readonly email: string; readonly password: string; readonly width: number }): Promise<Page> {
  const context = await chromium.browser.newContext({ locale: words.locale, viewport: { width: words.width, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const alice = product.demoAccounts.find(({ name }) => name.startsWith('Alice'))
  await page.goto(`${product.wallet}/limits`)
  await page.getByLabel(words.email, { exact: true }).fill(alice?.email ?? '')
  await page.getByLabel(words.password, { exact: true }).fill(alice?.password ?? '')
  await page.keyboard.press('Enter')
  return page
}

/** As the agent of a site and the consent page do it. */
async function connect(page: Page, site: string): Promise<void> {
  await page.evaluate(async (from) => {
    const ask = async (path: string, body: object): Promise<Record<string, string>> => (await (await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).json()) as Record<string, string>
    const { challenge } = await ask('/agent/challenges', { site: from })
    const { code } = await ask(`/api/connect/${challenge}/consent`, {})
    await ask('/agent/redeem', { site: from, code })
  }, site)
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
}

const meOf = (page: Page): Promise<unknown> => page.evaluate(async () => (await (await fetch('/api/me')).json()) as unknown)

test('she sets pace, rate, cap and block, each is kept to the unit, and what is no amount is refused at its field', async () => {
  const page = await open({ locale: 'en-GB', email: 'Email', password: 'Password', width: 1280 })
  await page.getByText('No site is connected yet').waitFor()
  await expectSound(page)
  await page.getByText('Stretched over the period', { exact: true }).click()
  await page.getByLabel('Rate, EUR an hour').fill('nothing')
  await page.getByText(/^Write an amount above zero/).waitFor()
  await page.getByLabel('Rate, EUR an hour').fill('0.72')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  expect(await meOf(page)).toMatchObject({ pace: { pacing: 'stretch', chosenRate: '200000' } })

  await connect(page, product.demo)
  await page.reload()
  await page.getByRole('button', { name: /^Change the limits of/ }).click()
  await page.getByLabel('At most a month, EUR').fill('1,50')
  await page.getByLabel('Rate for this site, EUR an hour').fill('999')
  await page.getByRole('listitem').getByRole('button', { name: 'Save' }).click()
  await page.getByText(/too far from that of your plan/).waitFor()
  expect(await page.getByLabel('At most a month, EUR').inputValue()).toBe('1,50')
  await expectSound(page)
  await page.getByLabel('Rate for this site, EUR an hour').fill('0.18')
  await page.getByRole('listitem').getByRole('button', { name: 'Save' }).click()
  await page.getByText('At most €1.50 a month · €0.18 an hour').waitFor()
  expect(await meOf(page)).toMatchObject({ connections: [{ blocked: false, capPerMonth: '1500000000', rate: '50000' }] })
  await page.context().close()
})

test('on a phone, in French, a site is blocked and paying is paused', async () => {
  const page = await open({ locale: 'fr-FR', email: 'E-mail', password: 'Mot de passe', width: 390 })
  await page.getByRole('button', { name: /^Modifier les limites de/ }).click()
  await page.getByRole('switch', { name: 'Bloquer' }).click()
  await expectSound(page)
  await page.getByRole('listitem').getByRole('button', { name: 'Enregistrer' }).click()
  await page.getByText(/^Bloqué/).waitFor()
  await page.getByRole('switch').first().click()
  await expect.poll(() => meOf(page)).toMatchObject({ paused: true, connections: [{ blocked: true }] })
  await expectSound(page)
  await page.context().close()
})
