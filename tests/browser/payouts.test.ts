/** Payouts in a real Chromium on the real product: a publisher asks, an operator looks, and both pages are sound on a phone and in French. */
import { idFloor, newId } from '@rivulet/ids'
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

test('an operator gives up a dead address of another provider: what gathered there is back in the budget it came from, row by row, and is said; on a phone, in French, she tries it again', async () => {
  const { ledger, postgres: { pool } } = product.books
  const there = 'https://closed.example/bob'
  const asset = { code: 'EUR', scale: 9 }
  const nowMs = Date.now()
  const [psp, gathered] = await Promise.all([
    ledger.openAccount({ name: 'psp[planted]', kind: 'psp', asset, debitsMayExceedCredits: true }), ledger.openAccount({ name: 'elsewhere[everybody/0123456789abcdef]', kind: 'publisher', asset, debitsMayExceedCredits: false }),
  ])
  const { rows: [alice] } = await pool.query<{ id: string; account_id: string }>("select s.id, s.account_id from funding.subscription s join accounts.wallet_address w on w.ledger_account_id = s.account_id where w.path = 'alice'")
  await ledger.transfer({ key: `share:${alice?.id ?? ''}/0/${there}`, debitAccountId: psp.id, creditAccountId: gathered.id, amount: 3_210_000_000n, reason: 'share' })
  // As its payouts have failed: what a first month and a morning of the installation leave.
  const payout = newId('pout', nowMs)
  const everybody = idFloor('pers', 0)
  await pool.query("insert into payout.method (account_id, person_id, rail, destination, shown, schedule, threshold, due_ms) values ($1, $2, 'interledger', '', $3, 'daily', 1000000, $4)", [gathered.id, everybody, there, nowMs + 86_400_000])
  await pool.query(
    `insert into payout.payout (id, account_id, person_id, key, rail, destination, shown, asset_code, asset_scale, amount, fee, status, requested_kind, requested_id, approvals_needed, approvals, attempt, created_ms, changed_ms)
     values ($1, $2, $3, 'schedule:1', 'interledger', '', $4, 'EUR', 9, 3210000000, 0, 'failed', 'schedule', 'daily', 0, '[]', 1, $5, $5)`, [payout, gathered.id, everybody, there, nowMs])
  await pool.query("insert into payout.event (payout_id, at_ms, status, attempt, actor_kind, actor_id, note) values ($1, $2, 'failed', 1, 'rail', 'interledger', 'https://closed.example/bob cannot be paid')", [payout, nowMs])
  const before = await product.balance('alice')
  const page = await open(new URL('/payouts', product.operator).href, 'olivia', english)
  const payee = page.getByRole('listitem').filter({ hasText: there }).filter({ has: page.getByRole('button', { name: 'Give up' }) })
  await payee.getByText('€3.21 waits').waitFor()
  await payee.getByText(`${there} cannot be paid`).waitFor()
  await expectSound(page)
  await payee.getByRole('button', { name: 'Give up' }).click()
  const given = page.getByRole('button', { name: 'Give up and return the money' })
  expect(await given.isDisabled()).toBe(true)
  await page.getByLabel('Reason, for the log').fill('the site has closed')
  await given.click()
  await page.getByText('Given up', { exact: true }).waitFor()
  await page.getByText(/^On .*, by Olivia/).waitFor()
  await expect.poll(() => product.balance('alice'), { timeout: 30_000 }).toBe(before + 3_210_000_000n)
  const { rows } = await pool.query<{ row: string }>(
    "select d.name || ' -> ' || c.name || ' ' || t.amount || ' ' || t.reason as row from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where t.reason in ('share-return', 'share-returned') order by t.posted_at_ms, t.id")
  expect(rows.map(({ row }) => row.replace(/subscriber\[[^\]]*\]/, 'subscriber[alice]'))).toEqual(['elsewhere[everybody/0123456789abcdef] -> sharing 3210000000 share-return', 'sharing -> subscriber[alice] 3210000000 share-returned'])
  await expectSound(page)
  await page.context().close()
  const phone = await open(new URL('/payouts', product.operator).href, 'olivia', french)
  await phone.getByText('Abandonnée').waitFor()
  await phone.getByText('Rien n’attend').waitFor()
  await expectSound(phone)
  await phone.getByRole('button', { name: 'Réessayer' }).click()
  await phone.getByText('Abandonnée').waitFor({ state: 'detached' })
  await phone.context().close()
})
