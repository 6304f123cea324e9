/** A real Chromium, started for a test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { findChromium } from './find-chromium.ts'
import { until } from './until.ts'

// Not Playwright's own list: that switches off popup blocking, the back-forward cache and the partitioning of storage, which these tests are about.
const chromiumArguments = [
  '--headless', '--remote-debugging-port=0', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-default-browser-check', '--disable-background-networking',
  '--disable-component-update', '--disable-default-apps', '--disable-dev-shm-usage', '--disable-sync', '--disable-breakpad', '--disable-search-engine-choice-screen', '--hide-scrollbars',
  '--mute-audio', '--password-store=basic', '--use-mock-keychain', '--window-size=1280,900', '--lang=en-GB', '--accept-lang=en-GB',
  // What drops from the address bar, which nobody types into, is a page in a process of its own, loaded for each window: a second of the processor.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup',
]
const startMaxMs = 60_000

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser
  /** The browser as it is, with none of Playwright's emulation: a page in a minimised window is hidden. */
  readonly context: BrowserContext
  /** Opens a page in a window of its own. The headless shell never hides a tab behind another; windows are alike in every Chromium. */
  readonly open: (address: string) => Promise<Page>
  /** Minimises the window of a page. */
  readonly hide: (page: Page) => Promise<void>
  /** Shows the window of a page again. */
  readonly show: (page: Page) => Promise<void>
}

/** Starts Chromium headless, with an empty profile that is removed with it. */
export async function launchChromium({ path, environment } = findChromium()): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'rivulet-chromium-'))
  const child = spawn(path, [...chromiumArguments, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } })
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill()
    await exited
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const browser = await chromium.connectOverCDP(await endpointOf(child), { noDefaults: true })
    const [context] = browser.contexts()
    if (context === undefined) throw new Error('Chromium has no window')
    const control = await browser.newBrowserCDPSession()
    return {
      browser,
      context,
      async open(address) {
        const [page] = await Promise.all([context.waitForEvent('page'), control.send('Target.createTarget', { url: 'about:blank', newWindow: true })])
        await page.goto(address)
        return page
      },
      hide: (page) => setWindow(page, 'minimized'),
      show: (page) => setWindow(page, 'normal'),
      async [Symbol.asyncDispose]() {
        await browser.close()
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Returns when the page has been told. */
async function setWindow(page: Page, windowState: 'minimized' | 'normal'): Promise<void> {
  const control = await page.context().newCDPSession(page)
  const { windowId } = await control.send('Browser.getWindowForTarget')
  await control.send('Browser.setWindowBounds', { windowId, bounds: { windowState } })
  await control.detach()
  await until(page, `document.visibilityState === '${windowState === 'minimized' ? 'hidden' : 'visible'}'`)
}

/** Where Chromium listens, as it says on standard error. */
function endpointOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    const fail = (why: string): void => reject(new Error(`Chromium ${why}: ${said.slice(-2000)}`))
    const timer = setTimeout(() => fail('did not start in time'), startMaxMs)
    child.on('exit', (status) => fail(`ended with status ${status}`))
    child.on('error', (error) => fail(error.message))
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000)
      const endpoint = /DevTools listening on (ws:\S+)/.exec(said)?.[1]
      if (endpoint === undefined) return
      clearTimeout(timer)
      resolve(endpoint)
    })
  })
}
