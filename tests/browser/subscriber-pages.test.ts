/** The subscriber's pages in a real Chromium on the real product: a new person signs up, reads, sees where her money went, and what is kept of her. */
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ready, Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'
import { Reader } from '../support/reader.ts'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { seriousFaults } from './sound.ts'
import { walkEntrance, walkTimeoutMs } from './walk.ts'

const site = 'https://magazine.example'
const words = {
  en: { locale: 'en-GB', scheme: 'light', width: 1280 },
  fr: { locale: 'fr-FR', scheme: 'dark', width: 390 },
} as const

const resources = new AsyncDisposableStack()
let ready: Ready
let chromium: TestBrowser
let reader: Reader

beforeAll(async () => {
  const folder = resources.use(await sandboxFolder()).path
  ready = resources.use(await Server.start(['up', '--port', '0', '--data', folder])).ready
  chromium = resources.use(await launchChromium())
  reader = new Reader(ready.wallet)
  await reader.signUp('Nora')
  await reader.connect(site)
})
afterAll(() => resources.disposeAsync())

/** From here on, until all tests are done. */
async function read(): Promise<void> {
  const agent = resources.use(await reader.open(site))
  const mara = ready.demoAccounts.find(({ role }) => role === 'publisher')
  agent.say({ type: 'start', requestId: 'article', pointer: mara?.walletAddress })
  await agent.until((heard) => heard.some(({ type }) => type === 'paid'))
  const beat = setInterval(() => agent.say({ type: 'beat' }), 5_000)
  resources.defer(() => clearInterval(beat))
}

interface Opened extends AsyncDisposable {
  readonly page: Page
  readonly complaints: readonly string[]
  /** Of a refusal that was asked for. */
  readonly forget: () => void
}

/** In French. */
async function signIn(page: Page): Promise<void> {
  await page.getByLabel('E-mail', { exact: true }).fill(reader.email)
  await page.getByLabel('Mot de passe', { exact: true }).fill(reader.password)
  await page.keyboard.press('Enter')
}

/** A page of a fresh browser profile, in one of the two ways that are farthest apart. */
async function open(language: keyof typeof words, path: string): Promise<Opened> {
  const { locale, scheme, width } = words[language]
  const context = await chromium.browser.newContext({ locale, colorScheme: scheme, viewport: { width, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  await page.goto(`${ready.wallet}${path}`)
  return { page, complaints, forget: () => void complaints.splice(0), [Symbol.asyncDispose]: () => context.close() }
}

async function expectSound({ page, complaints }: Opened): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  expect(complaints).toEqual([])
}

// First: she has read nothing yet.
test('activity says that nothing was spent, then by itself what reading cost, by payee, site and day, with a chart and its table, and offers it as CSV', async () => {
  await using opened = await open('en', '/activity')
  const { page } = opened
  await page.getByLabel('Email', { exact: true }).fill(reader.email)
  await page.getByLabel('Password', { exact: true }).fill(reader.password)
  await page.keyboard.press('Enter')
  await page.getByText('Nothing was spent in these days').waitFor()
  await read()
  await page.getByText('While reading').first().waitFor()
  await page.getByText('Who got it').waitFor()
  await page.getByText('magazine.example').waitFor()
  await page.getByText('7 days').click()
  await page.locator('.day-chart .recharts-bar-rectangle path').first().waitFor()
  await page.getByText('Day by day').first().click()
  await page.getByRole('rowheader').first().waitFor()
  await expectSound(opened)
  const csv = await page.evaluate(async () => {
    const link = [...document.querySelectorAll('a')].find(({ href }) => href.includes('.csv'))
    return (await fetch(link?.href ?? '')).text()
  })
  expect(csv).toMatch(/^day,kind,site,payee,seconds,amount,asset\r\n\d{4}-\d\d-\d\d,reading,https:\/\/magazine\.example,/)
})

test('home follows what is paid as it happens, says what pages wait for, and when nothing more is heard that it is old', async () => {
  await using opened = await open('fr', '/')
  const { page } = opened
  await signIn(page)
  await page.getByText('Dépensé aujourd’hui').waitFor()
  const figure = page.locator('.budget .figure')
  const before = await figure.innerText()
  await expect.poll(() => figure.innerText()).not.toBe(before)
  await page.getByRole('switch').click()
  await page.getByText(/vous avez désactivé/i).first().waitFor()
  await page.getByRole('switch').click()
  await page.locator('.state-paying').waitFor()
  await expectSound(opened)
  await page.route('**/api/me/live', (route) => route.abort())
  await page.reload()
  await page.getByText(/^Pas à jour/).waitFor()
  await page.unroute('**/api/me/live')
  await page.getByText(/^Pas à jour/).waitFor({ state: 'detached' })
})

test('every page says that it loads, that it cannot and how to go on, and when it is old; and is sound', async () => {
  expect(await walkEntrance({ entrance: 'wallet', origin: ready.wallet, browser: chromium.browser, email: reader.email, password: reader.password, shows: { '/activity': '.day-chart svg', '/reference': '.operations' } })).toBeGreaterThan(12)
}, walkTimeoutMs)

// Last: she is forgotten.
test('privacy says what is kept and gives all of it in one file; whoever shows that it is she is forgotten, and signed out', async () => {
  await using opened = await open('fr', '/privacy')
  const { page } = opened
  await signIn(page)
  await page.getByText('Ce qui n’est pas conservé').waitFor()
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByText('Tout télécharger').click()])
  expect(download.suggestedFilename()).toMatch(/^rivulet-\d{4}-\d\d-\d\d\.json$/)
  expect(JSON.parse(await readFile(await download.path(), 'utf8'))).toMatchObject({ person: { email: reader.email }, cut: [] })
  await page.getByRole('button', { name: 'Effacer mon compte' }).click()
  await page.getByText('Ce qui reste, et pourquoi').waitFor()
  await page.getByLabel(/^Votre mot de passe/).fill('not hers')
  await page.getByRole('button', { name: 'Effacer définitivement' }).click()
  await page.getByText('Ce n’est pas votre mot de passe').waitFor()
  expect(await page.getByLabel(/^Votre mot de passe/).inputValue()).toBe('not hers')
  opened.forget()
  await expectSound(opened)
  await page.getByLabel(/^Votre mot de passe/).fill(reader.password)
  await page.getByRole('button', { name: 'Effacer définitivement' }).click()
  await page.getByText('Votre compte est en cours d’effacement').waitFor()
  await expectSound(opened)
  await page.goto(ready.wallet)
  await signIn(page)
  await page.getByRole('alert').filter({ hasText: /mot de passe est faux/ }).waitFor()
})
