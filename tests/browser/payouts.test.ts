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

/** What the bank of the sandbox sends (camt.053): entries of whole euros that leave, by the name that the bank calls each. */
function statementOf(id: string, toMs: number, entries: readonly { readonly euros: number; readonly endToEnd: string }[]): { readonly name: string; readonly mimeType: string; readonly buffer: Buffer } {
  const balance = (code: string, euros: number): string => `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${euros}.00</Amt><CdtDbtInd>CRDT</CdtDbtInd></Bal>`
  const at = new Date(toMs).toISOString()
  const booked = entries.map(({ euros, endToEnd }) => `<Ntry><Amt Ccy="EUR">${euros}.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><TxDtls><Refs><EndToEndId>${endToEnd}</EndToEndId></Refs><RmtInf><Ustrd>${endToEnd}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>`)
  const xml = `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>${id}</Id><CreDtTm>${at}</CreDtTm><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
    ${balance('OPBD', 100)}${balance('CLBD', entries.reduce((left, { euros }) => left - euros, 100))}${booked.join('')}</Stmt></BkToCstmrStmt></Document>`
  return { name: `${id}.xml`, mimeType: 'application/xml', buffer: Buffer.from(xml) }
}

test('an operator tells a line of the bank that lost its name which payout it is, once, and marks a payout failed that the bank refused, not before its statements say that nothing left: the money is back', async () => {
  const { ledger, postgres: { pool } } = product.books
  const psp = await ledger.openAccount({ name: 'psp[planted]', kind: 'psp', asset: { code: 'EUR', scale: 9 }, debitsMayExceedCredits: true })
  const { rows: [mara] } = await pool.query<{ id: `acct_${string}` }>("select ledger_account_id as id from accounts.wallet_address where path = 'mara'")
  await ledger.transfer({ key: 'planted:mara', debitAccountId: psp.id, creditAccountId: mara?.id ?? psp.id, amount: 20_000_000_000n, reason: 'stream' })
  const before = await product.balance('mara')
  const hers = await open(`${product.receiver}/payouts`, 'mara', english)
  for (const [index, amount] of ['3.00', '4.00'].entries()) {
    await hers.getByLabel('Amount').fill(amount)
    await hers.getByRole('button', { name: 'Pay out' }).click()
    await expect.poll(() => hers.locator('.payout-row').count()).toBe(index + 1)
  }
  await hers.context().close()

  const page = await open(new URL('/payouts', product.operator).href, 'olivia', english)
  const theirs = (on: Page, amount: string) => on.locator('.payout-row').filter({ hasText: '•••• 2606' }).filter({ hasText: amount })
  const line = (on: Page, name: string) => on.locator('.payout-row').filter({ hasText: name })
  const upload = (statement: ReturnType<typeof statementOf>) => page.locator('input[type=file][accept*=xml]').setInputFiles(statement)
  for (const amount of ['€3.00', '€4.00']) {
    await theirs(page, amount).getByRole('button', { name: 'Approve' }).click()
    await theirs(page, amount).getByText('Approved', { exact: true }).first().waitFor()
  }
  await page.getByRole('button', { name: 'Make a file of all approved payouts' }).click()
  await page.getByText('€7.00 · payouts: 2').waitFor()
  await page.getByText('All', { exact: true }).click()

  // Two lines of one amount lost their names; only one of them can be the payout. Another operator's page is as it was before that was said.
  await upload(statementOf('B-1', Date.now(), [{ euros: 3, endToEnd: 'LOST-1' }, { euros: 3, endToEnd: 'LOST-2' }]))
  await line(page, 'LOST-2').getByRole('button', { name: /^the payout to Mara/ }).waitFor()
  await expectSound(page)
  const late = await open(new URL('/payouts', product.operator).href, 'olivia', french)
  await line(late, 'LOST-2').getByRole('button', { name: /^le versement à Mara/ }).waitFor()
  await expectSound(late)
  await late.route('**/api/payouts', () => undefined)
  await line(page, 'LOST-1').getByRole('button', { name: /^the payout to Mara/ }).click()
  await line(page, 'LOST-1').getByText('arrived', { exact: true }).waitFor()
  await theirs(page, '€3.00').getByText('Arrived', { exact: true }).last().waitFor()
  expect(await line(page, 'LOST-2').getByRole('button').allTextContents()).toEqual(['a fee of the bank', 'our own money'])
  await line(late, 'LOST-2').getByRole('button', { name: /^le versement à Mara/ }).click()
  await late.getByText('Cette ligne ne peut pas être cela : montant ou état ne correspondent pas.').waitFor()
  await expectSound(late)
  await late.context().close()

  const refuse = async () => {
    await theirs(page, '€4.00').getByRole('button', { name: 'Mark failed' }).click()
    await page.getByLabel('Reason, for the publisher').fill('the bank refused it: account closed')
    await page.getByRole('button', { name: 'Confirm' }).click()
  }
  await refuse()
  await page.getByText(/^The bank may still book this payout/).waitFor()
  await expectSound(page)
  await page.getByRole('button', { name: 'Back' }).click()
  await upload(statementOf('B-2', Date.now() + 10 * 86_400_000, []))
  await page.getByText('Statement B-2 · lines: 0').waitFor()
  await refuse()
  await theirs(page, '€4.00').getByRole('button', { name: 'Try again' }).waitFor()
  await theirs(page, '€4.00').getByText('What happened').click()
  await theirs(page, '€4.00').getByText('the bank refused it: account closed').waitFor()
  await expectSound(page)
  // The bank books it all the same: in both languages the line says why nothing followed.
  const { rows: [refused] } = await pool.query<{ id: string }>("select id from payout.payout where amount - fee = 4000000000 and status = 'failed'")
  const booked = refused?.id.replace('_', '-') ?? ''
  await upload(statementOf('B-3', Date.now() + 11 * 86_400_000, [{ euros: 4, endToEnd: booked }]))
  await line(page, booked).getByText('the payout: Failed').waitFor()
  const after = await open(new URL('/payouts', product.operator).href, 'olivia', french)
  await line(after, booked).getByText('le versement : Échoué').waitFor()
  await expectSound(after)
  await after.context().close()
  await page.context().close()
  expect(await product.balance('mara')).toBe(before - 3_000_000_000n)
  const { rows } = await pool.query<{ row: string }>(
    "select d.name || ' -> ' || c.name || ' ' || t.amount || ' ' || t.reason as row from ledger.transfers t join ledger.accounts d on d.id = t.debit_account_id join ledger.accounts c on c.id = t.credit_account_id where 'payout[sepa]' in (d.name, c.name) order by t.posted_at_ms, t.id")
  expect(rows.map(({ row }) => row.replace(/publisher\[[^\]]*\]/, 'publisher[mara]'))).toEqual([
    'publisher[mara] -> payout[sepa] 3000000000 payout', 'publisher[mara] -> payout[sepa] 4000000000 payout', 'payout[sepa] -> bank[sepa] 3000000000 payout-settled', 'payout[sepa] -> publisher[mara] 4000000000 payout-return',
  ])
  expect(await product.verify()).toMatchObject({ ok: true })
})
