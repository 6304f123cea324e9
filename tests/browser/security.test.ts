/** How people get in, in a real Chromium with an authenticator of its own (the WebAuthn domain of its debugging protocol): passkeys, sign-ins, password, e-mail. */
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { documented, type Section } from '../../apps/rivulet/src/api/documented.ts'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { type Product, startProduct } from './product.ts'
import { seriousFaults } from './sound.ts'

const resources = new AsyncDisposableStack()
let product: Product
let chromium: TestBrowser
let complaints: string[] = []

beforeAll(async () => {
  product = resources.use(await startProduct())
  chromium = resources.use(await launchChromium())
})
afterAll(() => resources.disposeAsync())

const password = 'rivulet-demo'

/** Any error in the console counts, that of a visitor too. */
async function newContext(locale: string, width: number): Promise<{ readonly context: BrowserContext; readonly page: Page }> {
  const context = await chromium.browser.newContext({ locale, viewport: { width, height: 844 }, reducedMotion: 'reduce', colorScheme: width < 500 ? 'dark' : 'light' })
  const page = await context.newPage()
  complaints = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  const control = await context.newCDPSession(page)
  await control.send('WebAuthn.enable')
  await control.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } })
  return { context, page }
}

async function signIn(page: Page, email: string, words: { readonly email: string; readonly password: string }): Promise<void> {
  await page.getByLabel(words.email, { exact: true }).fill(email)
  await page.getByLabel(words.password, { exact: true }).fill(password)
  await page.keyboard.press('Enter')
}

async function expectSound(page: Page): Promise<void> {
  expect(await seriousFaults(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
  expect(complaints).toEqual([])
}

const english = { email: 'Email', password: 'Password' }

test('a visitor’s door is sound and says nothing into the console; its focus goes from the e-mail to the password to the ways in, and is seen', async () => {
  const { context, page } = await newContext('en-GB', 1280)
  await page.goto(`${product.wallet}/`)
  await page.getByRole('button', { name: 'Sign in with a passkey' }).waitFor()
  expect(await page.title()).toContain('Sign in')
  expect(await page.locator('html').getAttribute('lang')).toBe('en')
  await expectSound(page)
  await page.getByLabel('Email', { exact: true }).focus()
  const path: string[] = []
  for (let step = 0; step < 6; step += 1) {
    path.push(await page.evaluate(() => {
      const at = document.activeElement
      const { outlineStyle, borderColor, boxShadow } = getComputedStyle(at ?? document.body)
      if (outlineStyle === 'none' && boxShadow === 'none' && at?.tagName !== 'INPUT') return `unseen: ${at?.textContent ?? ''}`
      return at?.getAttribute('name') ?? at?.textContent ?? at?.getAttribute('aria-label') ?? borderColor
    }))
    await page.keyboard.press('Tab')
  }
  expect(path).toEqual(['email', 'password', '', 'Sign in', 'Sign in with a passkey', 'Forgot your password?'])
  await context.close()
})

test('a subscriber adds a passkey, renames it, signs in with it alone, and removes it', async () => {
  const { context, page } = await newContext('en-GB', 1280)
  await page.goto(`${product.wallet}/security`)
  await signIn(page, 'alice@demo.example', english)
  await page.getByText('No passkey yet').waitFor()
  await page.getByLabel('Name of the passkey').fill('Laptop')
  const adding = page.waitForResponse((response) => new URL(response.url()).pathname === '/api/passkeys')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  const added = await adding
  const { answer } = (Object.assign({}, ...Object.values(documented.wallet)) as Section)['POST /api/passkeys'] ?? {}
  expect([added.status(), answer?.safeParse(await added.json()).error?.issues]).toEqual([201, undefined])
  await page.getByText('Added: Laptop.').waitFor()
  await page.getByRole('button', { name: 'Rename Laptop' }).click()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type('Old laptop')
  await page.keyboard.press('Enter')
  await page.getByText('It is called Old laptop now.').waitFor()
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByText('This device has a passkey of yours already.').waitFor()
  await expectSound(page)
  expect((await page.request.get(`${product.wallet}/security`)).headers()['content-security-policy']).not.toContain('unsafe')

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  // The browser offers it in the e-mail field by itself, or it is asked for by the button: whichever is first.
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click({ timeout: 10_000 }).catch(() => undefined)
  await page.getByText('Old laptop').waitFor()
  await page.getByText(/last used on/).waitFor()
  await page.getByRole('button', { name: 'Remove Old laptop' }).click()
  await page.getByRole('button', { name: 'Yes, remove' }).click()
  await page.getByText('No passkey yet').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

test('on a phone, in French, a publisher ends her other sign-in, is told that a password is wrong at its field, and changes it', async () => {
  const { context: other, page: elsewhere } = await newContext('fr-FR', 390)
  await elsewhere.goto(`${product.receiver}/security`)
  await signIn(elsewhere, 'ines@demo.example', { email: 'E-mail', password: 'Mot de passe' })
  await elsewhere.getByRole('heading', { name: 'Où vous êtes connecté' }).waitFor()
  const { context, page } = await newContext('fr-FR', 390)
  await page.goto(`${product.receiver}/security`)
  await signIn(page, 'ines@demo.example', { email: 'E-mail', password: 'Mot de passe' })
  await page.getByText('Cet appareil').waitFor()
  await page.getByRole('button', { name: /^Déconnecter\s:\s/ }).click()
  await page.getByText(/^Déconnecté/).waitFor()
  await elsewhere.reload()
  await elsewhere.getByRole('button', { name: 'Se connecter avec une clé d’accès' }).waitFor()
  await page.getByLabel('Mot de passe actuel').fill('wrong horse')
  await page.getByLabel('Nouveau mot de passe').fill('un meilleur cheval')
  complaints = []
  await page.getByRole('button', { name: 'Changer le mot de passe' }).click()
  await page.getByText('Ce n’est pas votre mot de passe actuel.').waitFor()
  // What the browser itself says of the refusal.
  complaints = complaints.filter((text) => !text.includes('400'))
  expect(await page.getByLabel('Nouveau mot de passe').inputValue()).toBe('un meilleur cheval')
  await page.getByLabel('Mot de passe actuel').fill(password)
  await page.getByRole('button', { name: 'Changer le mot de passe' }).click()
  await page.getByText('Votre mot de passe est changé').waitFor()
  await expectSound(page)
  await other.close()
  await context.close()
})

test('an operator’s new e-mail counts once its mail was followed', async () => {
  const { context, page } = await newContext('en-GB', 1280)
  await page.goto(`${product.operator}/security`)
  await signIn(page, 'olivia@demo.example', english)
  await page.getByLabel('New email').fill('olivia.new@demo.example')
  await page.getByRole('button', { name: 'Change email' }).click()
  await page.getByText('A mail is on its way to olivia.new@demo.example.').waitFor()
  await expectSound(page)
  const mailbox = async (): Promise<string> => {
    const { mails } = (await (await page.request.get(`${product.operator}/api/mailbox`)).json()) as { readonly mails: readonly { readonly to: string; readonly text: string }[] }
    return /https?:\/\/\S+\/confirm#\S+/.exec(mails.find(({ to }) => to === 'olivia.new@demo.example')?.text ?? '')?.[0] ?? ''
  }
  await expect.poll(mailbox, { timeout: 30_000 }).toContain('/confirm#')
  await page.goto(await mailbox())
  await page.getByText('Your address is confirmed.').waitFor()
  await page.goto(`${product.operator}/security`)
  await page.getByText('You sign in as olivia.new@demo.example.').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})
