/** The operator's administration in a real Chromium on the real product: freezing a person, stopping all streams, a correction under four eyes, and the log of it all; sound on a phone, in French. */
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { seriousFaults } from './sound.ts'

const resources = new AsyncDisposableStack()
let product: Product
let chromium: TestBrowser
const complaints: string[] = []

beforeAll(async () => {
  product = resources.use(await startProduct())
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

interface Reader {
  readonly locale: string
  readonly email: string
  readonly password: string
  readonly width: number
  readonly colorScheme: 'light' | 'dark'
}
const english: Reader = { locale: 'en-GB', email: 'Email', password: 'Password', width: 1280, colorScheme: 'light' }
const french: Reader = { locale: 'fr-FR', email: 'E-mail', password: 'Mot de passe', width: 390, colorScheme: 'dark' }

async function door(url: string, person: string, { locale, email, password, width, colorScheme }: Reader): Promise<Page> {
  const context = await chromium.browser.newContext({ locale, viewport: { width, height: 844 }, colorScheme, reducedMotion: 'reduce' })
  const page = await context.newPage()
  // Being told to sign in is no defect of a page.
  page.on('console', (message) => void (message.type() === 'error' && !message.text().includes('40') && complaints.push(message.text())))
  page.on('pageerror', (error) => void complaints.push(error.message))
  await page.goto(url)
  await page.getByLabel(email, { exact: true }).fill(`${person}@demo.example`)
  await page.getByLabel(password, { exact: true }).fill('rivulet-demo')
  await page.keyboard.press('Enter')
  return page
}

const at = (path: string): string => new URL(path, product.operator).href

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
}

test('an operator freezes a subscriber with a reason, which the door then tells her, and stops all streams in two steps', async () => {
  const page = await door(at('/people'), 'olivia', english)
  await page.getByRole('link', { name: 'Alice Moreau' }).waitFor()
  await expectSound(page)
  await page.getByLabel('Name, email, address or id').fill('ALICE')
  await page.getByRole('button', { name: 'Search' }).click()
  await page.getByRole('link', { name: 'Ben Okafor' }).waitFor({ state: 'detached' })
  await page.getByRole('link', { name: 'Alice Moreau' }).click()
  await page.getByRole('button', { name: 'Freeze' }).click()
  expect(await page.getByRole('button', { name: 'Freeze' }).isDisabled()).toBe(true)
  await page.getByRole('textbox', { name: 'Reason', exact: true }).fill('a stolen card')
  await expectSound(page)
  await page.getByRole('button', { name: 'Freeze' }).click()
  await page.getByText(/^Frozen since .*: a stolen card$/).waitFor()

  const alice = await door(product.wallet, 'alice', english)
  await alice.getByText('This account is frozen by the operator: a stolen card').waitFor()
  await alice.context().close()

  await page.goto(at('/safety'))
  await page.getByRole('button', { name: 'Stop all streams and payments' }).click()
  await page.getByRole('textbox', { name: 'Reason', exact: true }).fill('something looks wrong')
  await page.getByRole('button', { name: 'Stop all streams and payments' }).click()
  await page.getByText(/^Stopped since .*: something looks wrong$/).waitFor()
  await page.getByLabel('Account to debit').fill('operator')
  await page.getByLabel('Account to credit').fill('nobody')
  await page.getByLabel('Amount in units').fill('1e9')
  await page.getByText('Write a whole number').waitFor()
  await page.getByLabel('Amount in units').fill('5000000')
  await page.getByLabel('Reason for the books').fill('a lost payment')
  await page.getByRole('button', { name: 'Propose a correction' }).click()
  await page.getByText('There is no account of this name.').waitFor()
  expect(await page.getByLabel('Amount in units').inputValue()).toBe('5000000')
  await page.getByLabel('Account to debit').fill('cost[sandbox]')
  await page.getByLabel('Account to credit').fill('psp[sandbox]')
  await page.getByRole('button', { name: 'Propose a correction' }).click()
  await page.getByText('cost[sandbox] → psp[sandbox]').waitFor()
  await expectSound(page)
  await page.context().close()
})

test('another operator approves the correction on a phone, in French; everything is in the log, also as CSV', async () => {
  const page = await door(at('/safety'), 'paul', french)
  await page.getByRole('button', { name: 'Approuver et inscrire' }).click()
  await page.getByText('Inscrite', { exact: true }).waitFor()
  await expectSound(page)
  await page.goto(at('/audit'))
  await page.locator('.row-title', { hasText: /^A inscrit une correction/ }).waitFor()
  await page.getByText('a stolen card').waitFor()
  await expectSound(page)
  const csv = await page.request.get(at('/api/audit.csv'))
  expect((await csv.text()).split('\r\n').filter((line) => /"(person\.freeze|streams\.stop|correction\.(propose|approve|post))".*"done"/.test(line))).toHaveLength(5)
  await page.goto(at('/people'))
  await page.getByText('Gelé', { exact: true }).waitFor()
  await expectSound(page)
  expect(complaints).toEqual([])
  await page.context().close()
})

test('a new peer: what is wrong is said at its field, the token is shown once, and its pause stands in the log under its name', async () => {
  const page = await door(at('/peers'), 'olivia', english)
  await page.getByRole('button', { name: 'Add a peer' }).click()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Eve Bank')
  await page.getByRole('textbox', { name: 'Asset', exact: true }).fill('USD')
  await page.getByLabel('Further prefixes').fill('test.eve')
  await page.getByLabel('Most that it may owe us').fill('much')
  await page.getByRole('button', { name: 'Add a peer' }).click()
  await page.getByText('Use 2 to 40 lower-case letters').waitFor()
  await page.getByText('Write an amount, 0 or more').waitFor()
  expect(await page.getByLabel('Further prefixes').inputValue()).toBe('test.eve')
  await expectSound(page)
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('wallet')
  await page.getByLabel('Most that it may owe us').fill('25.5')
  await page.getByRole('button', { name: 'Add a peer' }).click()
  // What only the server refuses stands at the field too.
  await page.getByText('Use 2 to 40 lower-case letters').waitFor()
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('eve')
  await page.getByRole('button', { name: 'Add a peer' }).click()
  await page.getByText('It is not shown again.').waitFor()
  expect(await page.locator('.peer-token').textContent()).toMatch(/^[\w-]{43}$/)
  await page.getByRole('button', { name: 'I have noted it' }).click()
  await page.getByText('Owes us US$0.00 of at most US$25.50').waitFor()
  await page.getByText('Not connected', { exact: true }).waitFor()
  await page.getByRole('link', { name: 'eve', exact: true }).click()
  await page.getByLabel('Largest packet').fill('0.5')
  await page.getByRole('button', { name: 'Change the limits' }).click()
  await page.getByText('Changed.', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByRole('textbox', { name: 'Reason', exact: true }).fill('nobody answers there')
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('Paused', { exact: true }).waitFor()
  await expectSound(page)
  await page.getByRole('link', { name: 'In the audit log' }).click()
  await page.getByText('nobody answers there').waitFor()
  expect(await page.getByLabel('Whom or what it was done to').inputValue()).toBe('eve')
  await expect.poll(() => page.locator('.rows .row').count()).toBe(3)
  await page.context().close()
})

test('an operator is invited to only look: she sees every page, and why nothing can be changed there', async () => {
  const page = await door(at('/operators'), 'olivia', english)
  await page.getByRole('button', { name: 'Invite an operator' }).click()
  await page.getByText('Write the name that others see in the audit log.').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Nadia')
  await page.getByLabel('Email', { exact: true }).fill('nadia@demo.example')
  await page.getByRole('button', { name: 'Invite an operator' }).click()
  await page.getByText('A mail with a link is on its way to nadia@demo.example.').waitFor()
  await page.locator('.row').filter({ hasText: 'Nadia' }).getByText('Only looks', { exact: true }).waitFor()
  await expectSound(page)
  await page.context().close()

  const rita = await door(at('/'), 'rita', french)
  await rita.locator('.light').waitFor()
  for (const path of ['/safety', '/people', '/payouts', '/queues', '/peers', '/operators']) {
    await rita.goto(at(path))
    await rita.getByText('Votre rôle ne fait que regarder').waitFor()
    // What remains turns pages, searches and shows more.
    expect([path, await rita.locator('main button').filter({ hasText: /Arrêter tous|Proposer|Approuver|Lancer|Ajouter|Inviter|Exclure|Faire le fichier|relevé/ }).count()]).toEqual([path, 0])
  }
  await expectSound(rita)
  await rita.context().close()
})

test('a subscription is cancelled with a reason, on a phone, in French, and its timeline tells it', async () => {
  const page = await door(at('/subscriptions'), 'paul', french)
  await page.getByRole('link', { name: 'Ben Okafor' }).click()
  await page.getByRole('button', { name: 'Résilier' }).click()
  await page.getByRole('textbox', { name: 'Motif', exact: true }).fill('demandé par téléphone')
  await page.getByRole('button', { name: 'Résilier' }).click()
  await page.getByText('Résilié', { exact: true }).waitFor()
  await page.getByText('demandé par téléphone').first().waitFor()
  await expectSound(page)
  expect(complaints).toEqual([])
  await page.context().close()
})
