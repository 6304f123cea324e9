/**
 * An interactive grant as the official client of Open Payments asks for it, its responses validated against the OpenAPI files, and as a person gives it in a real
 * Chromium: sign in, read what is asked, decide, go back; later see what was spent and take it back.
 */
import { createHash, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AuthenticatedClient, createAuthenticatedClient, isFinalizedGrantWithAccessToken, isPendingGrant, OpenPaymentsClientError, type PendingGrant } from '@interledger/open-payments'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ready, rivulet, Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { seriousFaults } from './sound.ts'

const keyId = 'shop-key'
const nonce = 'nonce of the shop'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const resources = new AsyncDisposableStack()
let ready: Ready
let chromium: TestBrowser
let client: AuthenticatedClient
let shop: string
let authServer: string
/** Paths that the shop was asked for. */
const returns: URL[] = []

beforeAll(async () => {
  const folder = resources.use(await sandboxFolder()).path
  ready = resources.use(await Server.start(['up', '--port', '0', '--data', folder])).ready
  chromium = resources.use(await launchChromium())
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: keyId }
  const added = await rivulet(['keys', 'add', 'mara', Buffer.from(JSON.stringify(jwk)).toString('base64'), '--data', folder, '--json'])
  if (added.status !== 0) throw new Error(added.stderr)
  client = await createAuthenticatedClient({ walletAddressUrl: account('mara').walletAddress, privateKey, keyId, useHttp: true })
  authServer = (await client.walletAddress.get({ url: account('alice').walletAddress })).authServer
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/back') === true) returns.push(new URL(request.url, shop))
    response.setHeader('content-type', 'text/html').end('<title>The shop</title>Back in the shop')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  resources.defer(() => void server.close())
  shop = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => resources.disposeAsync())

function account(path: string): Ready['demoAccounts'][number] {
  const found = ready.demoAccounts.find(({ email }) => email.startsWith(`${path}@`))
  if (found === undefined) throw new Error(`the sandbox has no ${path}`)
  return found
}

async function ask(interval = 'R/2026-01-31T10:00:00Z/P1M'): Promise<PendingGrant> {
  const grant = await client.grant.request({ url: authServer }, {
    access_token: {
      access: [
        { type: 'quote', actions: ['create'] },
        { type: 'outgoing-payment', actions: ['create', 'read'], identifier: account('alice').walletAddress, limits: { debitAmount: { value: '5000000000', assetCode: 'EUR', assetScale: 9 }, interval } },
      ],
    },
    interact: { start: ['redirect'], finish: { method: 'redirect', uri: `${shop}/back?order=7`, nonce } },
  })
  if (!isPendingGrant(grant)) throw new Error('no interaction was asked for')
  return grant
}

async function opened(url: string, locale = 'en-GB'): Promise<{ readonly page: Page; readonly complaints: string[]; readonly close: () => Promise<void> }> {
  const context = await chromium.browser.newContext({ locale, viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && /Content Security Policy|React|Uncaught/.test(message.text())) complaints.push(message.text())
  })
  await page.goto(url)
  return { page, complaints, close: () => context.close() }
}

async function signIn(page: Page, name: string): Promise<void> {
  await page.getByLabel('Email', { exact: true }).fill(account(name).email)
  await page.getByLabel('Password', { exact: true }).fill(account(name).password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Where the browser came back to. */
async function returned(page: Page): Promise<URLSearchParams> {
  await page.getByText('Back in the shop').waitFor()
  return new URL(page.url()).searchParams
}

async function refusal(attempt: Promise<unknown>): Promise<readonly [number | undefined, string | undefined]> {
  const error = await attempt.then(() => undefined, (thrown: unknown) => thrown)
  return error instanceof OpenPaymentsClientError ? [error.status, error.code] : [undefined, String(error)]
}

test('accepted: plain words, the way back with the right hash, a token for the reference, rotated, spent from, seen in the list and taken back', async () => {
  const grant = await ask()
  const { page, complaints, close } = await opened(grant.interact.redirect)
  await page.getByRole('heading', { name: `${account('mara').name} asks to pay from your wallet` }).waitFor()
  expect(await page.getByText('At most').count()).toBe(0)
  await signIn(page, 'alice')
  await page.getByRole('button', { name: 'Accept', exact: true }).waitFor()
  const terms = await page.locator('.terms').innerText()
  for (const words of [account('mara').name, account('mara').walletAddress, account('alice').walletAddress, 'Pay from this wallet, without asking again', 'At most €5.00', 'Every month the same amount again', 'Until you revoke it']) expect(terms).toContain(words)
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: 'Accept', exact: true }).click()
  const back = await returned(page)
  const reference = back.get('interact_ref') ?? ''
  expect(back.get('order')).toBe('7')
  expect(back.get('hash')).toBe(createHash('sha256').update([nonce, grant.interact.finish, reference, authServer].join('\n')).digest('base64'))
  expect(complaints).toEqual([])

  const { uri, access_token: continuing } = grant.continue
  const continued = await client.grant.continue({ url: uri, accessToken: continuing.value }, { interact_ref: reference })
  if (!isFinalizedGrantWithAccessToken(continued)) throw new Error('no token was given')
  expect(await refusal(client.grant.continue({ url: uri, accessToken: continuing.value }, { interact_ref: reference }))).toEqual([401, 'request_denied'])
  const { access_token: first } = continued
  const { access_token: second } = await client.token.rotate({ url: first.manage, accessToken: first.value })
  expect([second.value === first.value, second.manage === first.manage, second.access]).toEqual([false, false, first.access])
  expect(await refusal(client.token.rotate({ url: first.manage, accessToken: first.value }))).toEqual([404, 'invalid_rotation'])

  const { resourceServer, authServer: publishers } = await client.walletAddress.get({ url: account('ines').walletAddress })
  const receiving = await client.grant.request({ url: publishers }, { access_token: { access: [{ type: 'incoming-payment', actions: ['create'], identifier: account('ines').walletAddress }] } })
  if (!isFinalizedGrantWithAccessToken(receiving)) throw new Error('a person was asked')
  const incoming = await client.incomingPayment.create({ url: resourceServer, accessToken: receiving.access_token.value }, { walletAddress: account('ines').walletAddress })
  const debitAmount = { value: '250000000', assetCode: 'EUR', assetScale: 9 }
  await client.outgoingPayment.create({ url: ready.wallet, accessToken: second.value }, { walletAddress: account('alice').walletAddress, incomingPayment: incoming.id, debitAmount })

  // A page that was opened again says what was decided, and cannot decide otherwise.
  await page.goto(grant.interact.redirect)
  await page.getByText('This cannot be decided any more').waitFor()
  expect(await page.getByRole('button', { name: 'Decline' }).count()).toBe(0)

  await page.goto(`${ready.wallet}/grants`)
  await page.getByRole('heading', { name: account('mara').name }).waitFor()
  expect(await page.locator('.grant-spent').innerText()).toMatch(/^Spent: €0\.25 of €5\.00, until \d+ \w+ \d{4}$/)
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: `Revoke ${account('mara').name}` }).click()
  await page.getByRole('button', { name: 'Yes, revoke' }).click()
  await page.getByText('No app has access').waitFor()
  await page.getByRole('button', { name: 'Show past access' }).click()
  await page.getByRole('heading', { name: account('mara').name, level: 3 }).waitFor()
  expect(await page.locator('.grant-past').innerText()).toMatch(/Ended on \d+ \w+ \d{4}\s+Spent: €0\.25 of €5\.00/)
  expect(await seriousFaults(page)).toEqual([])
  expect(await refusal(client.token.rotate({ url: second.manage, accessToken: second.value }))).toEqual([404, 'invalid_rotation'])
  await client.grant.cancel({ url: uri, accessToken: continuing.value })
  await close()
})

test('declined, without signing in: the client is told so, and gets nothing', async () => {
  const grant = await ask()
  const { page, close } = await opened(grant.interact.redirect)
  await page.getByRole('button', { name: 'Decline', exact: true }).click()
  expect([...(await returned(page)).entries()]).toEqual([['order', '7'], ['result', 'grant_rejected']])
  expect(await refusal(client.grant.continue({ url: grant.continue.uri, accessToken: grant.continue.access_token.value }, { interact_ref: 'guess' }))).toEqual([401, 'request_denied'])
  await close()
})

test('somebody else can read what is asked of Alice, and cannot accept it; no other browser takes her acceptance along', async () => {
  const grant = await ask()
  const hers = await opened(grant.interact.redirect)
  const his = await opened(grant.interact.redirect)
  await signIn(his.page, 'ben')
  await his.page.getByText('a wallet that is not yours').waitFor()
  expect(await his.page.getByRole('button', { name: 'Accept' }).count()).toBe(0)
  const path = grant.interact.redirect.slice(grant.interact.redirect.indexOf('/interact/') + '/interact/'.length)
  const forced = await his.page.evaluate((url) => fetch(url, { method: 'POST' }).then(async (response) => [response.status, ((await response.json()) as { error: { code: string } }).error.code]), `/api/interactions/${path}/accept`)
  expect(forced).toEqual([403, 'interaction-foreign'])
  await signIn(hers.page, 'alice')
  await hers.page.getByRole('button', { name: 'Accept', exact: true }).waitFor()
  const accepted: unknown = await hers.page.evaluate((url) => fetch(url, { method: 'POST' }).then((response) => response.json()), `/api/interactions/${path}/accept`)
  expect(accepted).toEqual({ next: `${grant.interact.redirect}/finish`, confirming: false })
  const before = returns.length
  const stolen = await his.page.goto(`${grant.interact.redirect}/finish`)
  expect([stolen?.status(), returns.length]).toEqual([401, before])
  await hers.page.goto(`${grant.interact.redirect}/finish`)
  expect((await returned(hers.page)).get('interact_ref')).toMatch(/^[A-Za-z0-9_-]{22}$/)
  await hers.close()
  await his.close()
})

test('another site can neither frame the page nor decide in her name', async () => {
  const grant = await ask()
  const { page, close } = await opened(grant.interact.redirect)
  await signIn(page, 'alice')
  await page.getByRole('button', { name: 'Accept', exact: true }).waitFor()
  const path = grant.interact.redirect.slice(grant.interact.redirect.indexOf('/interact/') + '/interact/'.length)
  await page.goto(`${shop}/elsewhere`)
  await page.evaluate((url) => fetch(url, { method: 'POST', mode: 'no-cors', credentials: 'include' }), `${ready.wallet}/api/interactions/${path}/decline`)
  await page.evaluate((src) => new Promise((done) => {
    const frame = document.createElement('iframe')
    frame.onload = done
    frame.src = src
    document.body.append(frame)
  }), grant.interact.redirect)
  expect(page.frames().map((frame) => frame.url()).filter((url) => url.startsWith(ready.wallet))).toEqual([])
  await page.goto(grant.interact.redirect)
  await page.getByRole('button', { name: 'Accept', exact: true }).waitFor()
  await close()
})

test('in French the same is asked, with its end', async () => {
  const grant = await ask('R2/2099-01-31T10:00:00Z/P3M')
  const { page, close } = await opened(grant.interact.redirect, 'fr-FR')
  await page.getByLabel('E-mail', { exact: true }).fill(account('alice').email)
  await page.getByLabel('Mot de passe', { exact: true }).fill(account('alice').password)
  await page.getByRole('button', { name: 'Se connecter', exact: true }).click()
  await page.getByRole('button', { name: 'Accepter', exact: true }).waitFor()
  const terms = await page.locator('.terms').innerText()
  for (const words of ['Au plus 5,00 €', 'tous les 3 mois', 'Jusqu’au 31 juillet 2099']) expect(terms.replace(/\s/g, ' ')).toContain(words)
  await page.getByRole('button', { name: 'Refuser', exact: true }).click()
  expect((await returned(page)).get('result')).toBe('grant_rejected')
  await close()
})

test('a publisher is asked on her own server before somebody sees all payments to her', async () => {
  const { id: hers, authServer: her, resourceServer } = await client.walletAddress.get({ url: account('ines').walletAddress })
  const grant = await client.grant.request({ url: her }, {
    access_token: { access: [{ type: 'incoming-payment', actions: ['list-all'], identifier: hers }] },
    interact: { start: ['redirect'], finish: { method: 'redirect', uri: `${shop}/back`, nonce } },
  })
  if (!isPendingGrant(grant)) throw new Error('no interaction was asked for')
  expect(grant.interact.redirect.startsWith(`${ready.receiver}/auth/interact/`)).toBe(true)
  const { page, complaints, close } = await opened(grant.interact.redirect)
  await page.getByRole('heading', { name: `${account('mara').name} asks for access to your wallet` }).waitFor()
  await signIn(page, 'ines')
  await page.getByRole('button', { name: 'Accept', exact: true }).waitFor()
  const terms = await page.locator('.terms').innerText()
  for (const words of [account('mara').walletAddress, hers, 'See all payments to this wallet', 'Until you revoke it']) expect(terms).toContain(words)
  expect(await seriousFaults(page)).toEqual([])
  await page.getByRole('button', { name: 'Accept', exact: true }).click()
  const back = await returned(page)
  const reference = back.get('interact_ref') ?? ''
  expect(back.get('hash')).toBe(createHash('sha256').update([nonce, grant.interact.finish, reference, her].join('\n')).digest('base64'))
  const continued = await client.grant.continue({ url: grant.continue.uri, accessToken: grant.continue.access_token.value }, { interact_ref: reference })
  if (!isFinalizedGrantWithAccessToken(continued)) throw new Error('no token was given')
  const accessToken = continued.access_token.value
  const list = () => client.incomingPayment.list({ url: resourceServer, accessToken, walletAddress: hers }, { first: 10, 'wallet-address': hers })
  // The payment of the first test was asked for by another grant.
  await expect.poll(async () => (await list()).result.map(({ receivedAmount }) => receivedAmount.value)).toEqual(['250000000'])
  await page.goto(`${ready.receiver}/grants`)
  await page.getByRole('button', { name: `Revoke ${account('mara').name}` }).click()
  await page.getByRole('button', { name: 'Yes, revoke' }).click()
  await page.getByText('No app has access').waitFor()
  await expect(list()).rejects.toMatchObject({ status: 403, description: 'Inactive Token' })
  expect(complaints).toEqual([])
  await close()
})

test('a client that needs nobody’s consent has its token at once, and gives it back', async () => {
  const grant = await client.grant.request({ url: (await client.walletAddress.get({ url: account('ines').walletAddress })).authServer }, { access_token: { access: [{ type: 'incoming-payment', actions: ['create', 'read'], identifier: account('ines').walletAddress }] } })
  if (!isFinalizedGrantWithAccessToken(grant)) throw new Error('a person was asked')
  expect(grant.access_token.expires_in).toBe(86_400)
  await client.token.revoke({ url: grant.access_token.manage, accessToken: grant.access_token.value })
  await client.grant.cancel({ url: grant.continue.uri, accessToken: grant.continue.access_token.value })
  expect(await refusal(client.token.rotate({ url: grant.access_token.manage, accessToken: grant.access_token.value }))).toEqual([404, 'invalid_rotation'])
})
