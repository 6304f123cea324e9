/** What the tests of the script share: one Chromium, a fresh scripted wallet for each test, and a page that tells what happened in it. */
import { buildClientScript } from '@rivulet/client-script'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { ScriptedWallet } from './scripted-wallet.ts'
import type { PageSource } from './test-site.ts'

export interface ScriptPage {
  readonly chromium: TestBrowser
  readonly wallet: ScriptedWallet
  /** Opens a page of the site in a new window. */
  readonly open: (source: PageSource) => Promise<Page>
}

export const alice = 'https://wallet.example/alice'
export const link = `<link id="a" rel="monetization" href="${alice}">`

export function useScriptPage(): ScriptPage {
  let chromium: TestBrowser
  let wallet: ScriptedWallet
  let pages: Page[] = []
  beforeAll(async () => {
    await buildClientScript()
    chromium = await launchChromium()
  })
  beforeEach(async () => {
    wallet = await ScriptedWallet.start()
  })
  afterEach(async () => {
    for (const page of chromium.context.pages()) if (pages.includes(page) || page.url().startsWith(wallet.walletUrl)) await page.close()
    pages = []
    await chromium.context.clearCookies()
    await wallet[Symbol.asyncDispose]()
  })
  afterAll(() => chromium[Symbol.asyncDispose]())
  return {
    get chromium() {
      return chromium
    },
    get wallet() {
      return wallet
    },
    async open(source) {
      const page = await chromium.open(wallet.page(`/${pages.length + 1}`, source))
      pages.push(page)
      return page
    },
  }
}
