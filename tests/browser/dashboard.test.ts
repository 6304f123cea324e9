/**
 * The dashboard on the real product, in a real Chromium: what people see is live, in both languages, light and dark, on a phone and on a desk, and holds for
 * screen readers and for a policy that allows no inline code.
 */
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Ready, Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'
import { Reader } from '../support/reader.ts'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { seriousFaults } from './sound.ts'

const site = 'https://magazine.example'
const words = {
  en: { email: 'Email', password: 'Password', signIn: 'Sign in', wrong: /password is wrong/, live: 'Live', failed: /too old|not known|not complete/, locale: 'en-GB' },
  fr: { email: 'E-mail', password: 'Mot de passe', signIn: 'Se connecter', wrong: /mot de passe est faux/, live: 'En direct', failed: /trop ancienne|inconnue|incomplète/, locale: 'fr-FR' },
} as const
type Language = keyof typeof words

const resources = new AsyncDisposableStack()
let product: Server
let ready: Ready
let chromium: TestBrowser

beforeAll(async () => {
  const folder = resources.use(await sandboxFolder()).path
  product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  ready = product.ready
  chromium = resources.use(await launchChromium())
  const reader = new Reader(ready.wallet)
  await reader.signUp('Nora')
  await reader.connect(site)
  const agent = resources.use(await reader.open(site))
  agent.say({ type: 'start', requestId: 'article', pointer: account('publisher').walletAddress })
  await agent.until((heard) => heard.some(({ type }) => type === 'paid'))
  const beat = setInterval(() => agent.say({ type: 'beat' }), 5_000)
  resources.defer(() => clearInterval(beat))
})
afterAll(() => resources.disposeAsync())

function account(role: Ready['demoAccounts'][number]['role']): Ready['demoAccounts'][number] {
  const found = ready.demoAccounts.find((one) => one.role === role)
  if (found === undefined) throw new Error(`the sandbox has no ${role}`)
  return found
}

interface Reading {
  readonly language: Language
  readonly scheme: 'light' | 'dark'
  readonly width: number
}

/** The two farthest apart; all of them in the long run. */
const readings: readonly Reading[] = [
  { language: 'en', scheme: 'light', width: 1440 },
  { language: 'fr', scheme: 'dark', width: 390 },
  ...(process.env['RIVULET_TEST_LONG'] !== '1'
    ? []
    : ([
        { language: 'fr', scheme: 'dark', width: 1440 },
        { language: 'en', scheme: 'light', width: 390 },
        { language: 'fr', scheme: 'light', width: 820 },
        { language: 'en', scheme: 'dark', width: 820 },
      ] as const)),
]

/** A page of a fresh browser profile, and what it complained about. */
async function open({ language, scheme, width }: Reading): Promise<{ readonly page: Page; readonly context: BrowserContext; readonly complaints: string[] }> {
  const context = await chromium.browser.newContext({ locale: words[language].locale, colorScheme: scheme, viewport: { width, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|React|Uncaught/.test(message.text())) complaints.push(message.text())
  })
  return { page, context, complaints }
}

async function signIn(page: Page, language: Language, { email, password }: { readonly email: string; readonly password: string }): Promise<void> {
  const { email: emailLabel, password: passwordLabel, signIn: button } = words[language]
  await page.getByLabel(emailLabel, { exact: true }).fill(email)
  await page.getByLabel(passwordLabel, { exact: true }).fill(password)
  await page.getByRole('button', { name: button, exact: true }).click()
}

/** Axe finds nothing serious, and nothing is wider than the window. */
async function expectSound(page: Page, complaints: readonly string[]): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  expect(complaints).toEqual([])
}

describe.each(readings)('read in $language, $scheme, $width pixels wide', (reading) => {
  const { language } = reading
  test('the wallet opens its door, keeps what was typed when the password is wrong, and shows the budget', async () => {
    const { page, context, complaints } = await open(reading)
    await page.goto(ready.wallet)
    const { email, password } = account('subscriber')
    await signIn(page, language, { email, password: 'not the password' })
    await page.getByRole('alert').filter({ hasText: words[language].wrong }).waitFor()
    expect(await page.getByLabel(words[language].email, { exact: true }).inputValue()).toBe(email)
    expect(await page.getByLabel(words[language].password, { exact: true }).inputValue()).toBe('not the password')
    await expectSound(page, complaints)
    await signIn(page, language, { email, password })
    await page.locator('.figure').filter({ hasText: language === 'fr' ? /^5,0000\s€$/ : /^€5\.0000$/ }).waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(language)
    await expectSound(page, complaints)
    await context.close()
  })

  test('a pasted key is listed with its id, and revoked', async () => {
    const { page, context, complaints } = await open(reading)
    await page.goto(`${ready.wallet}/keys`)
    await signIn(page, language, account('subscriber'))
    const kid = randomUUID()
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    await page.locator('textarea').fill(Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x, kid })).toString('base64'))
    await page.locator('form button[type=submit]').click()
    const row = page.locator('.row').filter({ hasText: kid })
    await row.waitFor()
    await expectSound(page, complaints)
    await row.getByRole('button').click()
    await row.locator('.row-actions button').first().click()
    await row.waitFor({ state: 'detached' })
    expect(await page.locator('textarea').inputValue()).toBe('')
    await context.close()
  })

  test('a connect request that nobody made says what to do', async () => {
    const { page, context, complaints } = await open(reading)
    await page.goto(`${ready.wallet}/connect?challenge=${'x'.repeat(43)}`)
    expect(await page.getByRole('alert').innerText()).toMatch(words[language].failed)
    await expectSound(page, complaints)
    await context.close()
  })

  test('the operator sees who pays whom, and the amount grows by itself', async () => {
    const { page, context, complaints } = await open(reading)
    await page.goto(`${ready.operator}/streams`)
    await signIn(page, language, account('operator'))
    await page.getByRole('status').filter({ hasText: words[language].live }).waitFor()
    const paid = page.locator('.table-body .cell-total')
    await paid.waitFor()
    expect(await page.locator('.table-body .cell-site').innerText()).toBe('magazine.example')
    const before = await paid.innerText()
    await paid.filter({ hasNotText: before }).waitFor()
    const grown = (text: string): bigint => BigInt(text.replaceAll(/\D/g, ''))
    expect(grown(await paid.innerText())).toBeGreaterThan(grown(before))
    await expectSound(page, complaints)
    await context.close()
  })

  test('the publisher sees the money that is arriving, and the line for the pages', async () => {
    const { page, context, complaints } = await open(reading)
    await page.goto(ready.receiver)
    await signIn(page, language, account('publisher'))
    await page.locator('.income-flow .flow-moving').waitFor()
    expect(await page.locator('.snippet').innerText()).toBe(`<link rel="monetization" href="${account('publisher').walletAddress}">`)
    await expectSound(page, complaints)
    await context.close()
  })
})

test('a language that was chosen is spoken at once and remembered; the keyboard reaches the content first', async () => {
  const { page, context } = await open({ language: 'en', scheme: 'light', width: 1440 })
  await page.goto(ready.wallet)
  await page.getByRole('button', { name: /^Language/ }).click()
  await page.getByRole('menuitem', { name: 'Français' }).click()
  await page.getByRole('button', { name: 'Se connecter', exact: true }).waitFor()
  await page.reload()
  await page.getByRole('button', { name: 'Se connecter', exact: true }).waitFor()
  await page.keyboard.press('Tab')
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Aller au contenu')
  await context.close()
})

// Last: it ends the product.
test('when the server is gone the operator’s page says that it is stale, and keeps what it knew', async () => {
  const { page, context } = await open({ language: 'en', scheme: 'light', width: 1440 })
  await page.goto(`${ready.operator}/streams`)
  await signIn(page, 'en', account('operator'))
  await page.locator('.table-body .cell-total').waitFor()
  await product[Symbol.asyncDispose]()
  await page.getByRole('status').filter({ hasText: 'Stale' }).waitFor()
  expect(await page.locator('.table-body .table-row').count()).toBeGreaterThan(0)
  await context.close()
})
