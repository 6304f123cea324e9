/** A real installation with Stripe, in a real Chromium: the card is entered on Stripe's page and the payment confirmed on the bank's, both played by a local server; no script of theirs is ever loaded. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StripeStandIn } from '@rivulet/funding/testing'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verified } from '../support/books.ts'
import { freeBasePort } from '../support/ports.ts'
import { rivulet, Server } from '../support/product.ts'
import { sharedFolder } from '../support/shared-folder.ts'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { seriousFaults } from './sound.ts'

const resources = new AsyncDisposableStack()
let stripe: StripeStandIn
let chromium: TestBrowser
let wallet: string
let folder: string

beforeAll(async () => {
  stripe = resources.adopt(new StripeStandIn(), (standIn) => standIn.close())
  await stripe.open()
  folder = resources.use(await sharedFolder()).path
  const port = await freeBasePort()
  const url = (offset: number): string => `http://localhost:${port + offset}`
  wallet = url(0)
  await rivulet(['init', '--domain', 'example.com', '--email', 'operator@example.com', '--wallet-url', url(0), '--receiver-url', url(1), '--operator-url', url(2), '--data', folder])
  const file = join(folder, 'rivulet.json')
  const plans = [{ key: 'reader', name: 'Reader', price: '5000000000', feeBasisPoints: 1_000, rate: '100000' }]
  const invoices = { seller: { name: 'Éditions du Ruisseau' }, vatBasisPoints: 2_000 }
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), plans, invoices }))
  resources.use(await Server.start(['up', '--port', String(port), '--data', folder], { RIVULET_STRIPE_SECRET_KEY: 'sk_test_12345678', RIVULET_STRIPE_WEBHOOK_SECRET: 'whsec_12345678', RIVULET_STRIPE_API_URL: stripe.url }))
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

/** A newcomer at the page of her plan. */
async function newcomer(email: string, words: { readonly locale: string; readonly width: number; readonly email: string; readonly password: string; readonly dark?: boolean }): Promise<Page> {
  const context = await chromium.browser.newContext({ locale: words.locale, viewport: { width: words.width, height: 844 }, reducedMotion: 'reduce', colorScheme: words.dark === true ? 'dark' : 'light' })
  const page = await context.newPage()
  const signedUp = await context.request.post(`${wallet}/api/auth/sign-up/email`, { headers: { origin: wallet }, data: { email, password: 'correct horse', name: 'Zoé' } })
  expect(signedUp.status()).toBe(200)
  await page.goto(`${wallet}/subscription`)
  await page.getByLabel(words.email, { exact: true }).fill(email)
  await page.getByLabel(words.password, { exact: true }).fill('correct horse')
  await page.keyboard.press('Enter')
  return page
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
}

const english = { locale: 'en-GB', width: 1280, email: 'Email', password: 'Password' }
const french = { locale: 'fr-FR', width: 390, email: 'E-mail', password: 'Mot de passe', dark: true }

test('she enters a card at Stripe, sees what she is about to pay and pays, and another card later takes its place', async () => {
  const page = await newcomer('zoe@example.com', english)
  const foreign: string[] = []
  page.on('request', (request) => {
    if (request.resourceType() === 'script' && !request.url().startsWith(wallet)) foreign.push(request.url())
  })
  await page.getByRole('button', { name: 'Take Reader' }).click()
  await page.getByRole('link', { name: 'A good card' }).click()
  await page.getByText('Paid with Visa ending in 4242, now and at each renewal, until you cancel.').waitFor()
  // What the VAT and the fee leave of five euros.
  await page.getByText('€3.753 of it is your budget').waitFor()
  expect([new URL(page.url()).search, stripe.intents.size]).toEqual(['', 0])
  await expectSound(page)
  await page.getByRole('button', { name: 'Subscribe and pay €5.00' }).click()
  await page.getByText(/^Paid until /).waitFor()
  await page.getByText('RIV-000001 as PDF').waitFor()

  await page.getByRole('button', { name: 'Enter another card' }).click()
  await page.getByRole('link', { name: 'A card that asks' }).click()
  await page.getByText('The new card is used from now on. Visa ending in 3155').waitFor()
  await expectSound(page)
  expect([foreign, stripe.intents.size, (await verified(folder)).ok]).toEqual([[], 1, true])
  await page.context().close()
})

test('her bank asks her about the payment: she is led there and back, and it is booked though no webhook came; on a phone, in French', async () => {
  const page = await newcomer('anna@example.com', french)
  await page.getByRole('button', { name: 'Prendre Reader' }).click()
  await page.getByRole('link', { name: 'Back' }).click()
  await page.getByRole('button', { name: 'Prendre Reader' }).click()
  await page.getByRole('link', { name: 'A card that asks' }).click()
  await page.getByRole('button', { name: /^S’abonner et payer/ }).click()
  await page.getByRole('heading', { name: 'Your bank asks' }).waitFor()
  // She looks at her plan before she answers.
  await page.goto(`${wallet}/subscription`)
  await page.getByText('Votre carte vous demande de confirmer le paiement').waitFor()
  await expectSound(page)
  await page.getByRole('link', { name: 'Confirmer le paiement' }).click()
  await page.getByRole('link', { name: 'Pay' }).click()
  await page.getByText(/^Payée jusqu’au /).waitFor()
  expect([new URL(page.url()).search, (await verified(folder)).ok]).toEqual(['', true])
  await expectSound(page)
  await page.context().close()
})
