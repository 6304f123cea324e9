/** A real Chromium for the tests: the one that is installed, else one that this machine can install. There is no skipping. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContext, chromium } from 'playwright-core'

const sparticuzVersion = '153.0.0'

function onPath(): string | undefined {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
  for (const folder of (process.env['PATH'] ?? '').split(':')) for (const name of names) if (existsSync(join(folder, name))) return join(folder, name)
  return ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'].find((path) => existsSync(path))
}

/** Debian's package, where this process may install it. */
function fromDebian(): string | undefined {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['install', '-y', '--no-install-recommends', 'chromium']
  if (spawnSync('apt-get', install, { env: environment }).status !== 0) {
    spawnSync('apt-get', ['update'], { env: environment })
    spawnSync('apt-get', install, { env: environment })
  }
  return onPath()
}

/** The npm package that carries a headless Chromium for Linux, in a folder of the tests' own. */
async function fromNpm(): Promise<string | undefined> {
  const folder = join(import.meta.dirname, '../../node_modules/.cache/rivulet-chromium')
  if (spawnSync('npm', ['install', '--prefix', folder, '--no-save', '--no-audit', '--no-fund', `@sparticuz/chromium@${sparticuzVersion}`]).status !== 0) return undefined
  const path = join(folder, 'node_modules/@sparticuz/chromium/build/esm/index.js')
  if (!existsSync(path)) return undefined
  const loaded = (await import(pathToFileURL(path).href)) as { default: { executablePath: () => Promise<string> } }
  return loaded.default.executablePath()
}

async function findChromium(): Promise<string> {
  const found = process.env['RIVULET_CHROMIUM'] ?? onPath() ?? fromDebian() ?? (await fromNpm())
  if (found === undefined) throw new Error('the browser tests need Chromium: install it, or name its executable in RIVULET_CHROMIUM')
  return found
}

// Not Playwright's own list: that switches off popup blocking, the back-forward cache and the partitioning of storage, which these tests are about.
const chromiumArguments = [
  '--headless', '--remote-debugging-port=0', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--no-default-browser-check', '--disable-background-networking',
  '--disable-component-update', '--disable-default-apps', '--disable-dev-shm-usage', '--disable-sync', '--disable-breakpad', '--disable-search-engine-choice-screen', '--hide-scrollbars',
  '--mute-audio', '--password-store=basic', '--use-mock-keychain', '--window-size=1280,900', '--lang=en-GB',
]
const startMaxMs = 30_000

export interface TestBrowser extends AsyncDisposable {
  readonly browser: Browser
  /** The browser as it is, with none of Playwright's emulation: a tab in the background is hidden. */
  readonly context: BrowserContext
}

/** Starts Chromium headless, with an empty profile that is removed with it. */
export async function launchChromium(): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'rivulet-chromium-'))
  const child = spawn(await findChromium(), [...chromiumArguments, `--user-data-dir=${profile}`, 'about:blank'], { stdio: ['ignore', 'ignore', 'pipe'] })
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
    return {
      browser,
      context,
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
