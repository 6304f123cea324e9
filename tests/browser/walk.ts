/** Every page of an entrance through its states: it loads, it cannot, it can again, and what it shows has become old; each with a policy, a title and a language, for screen readers, and no wider than the window. */
import { dashboardFiles, type EntranceName } from '../../apps/dashboard/src/index.ts'
import { waysOf } from '../../apps/dashboard/src/look/ways.ts'
import type { Browser, BrowserContext } from 'playwright-core'
import { expect } from 'vitest'
import { seriousFaults } from './sound.ts'

/** For everybody: what these say does not come from who is signed in. */
const openPaths = ['/about', '/reference', '/connect', '/forgotten', '/reset', '/confirm']

/** How a page is read: a browser's settings, and the words at the door. */
interface Reading {
  readonly language: 'en' | 'fr'
  readonly locale: string
  readonly colorScheme: 'light' | 'dark'
  readonly width: number
}
const words = { en: { email: 'Email', password: 'Password', retry: 'Try again' }, fr: { email: 'E-mail', password: 'Mot de passe', retry: 'Réessayer' } }

/** The narrow and dark one in words that are longer; all of them in the long run. */
const readings: readonly Reading[] = [
  { language: 'fr', locale: 'fr-FR', colorScheme: 'dark', width: 390 },
  ...(process.env['RIVULET_TEST_LONG'] !== '1'
    ? []
    : ([
        { language: 'en', locale: 'en-GB', colorScheme: 'light', width: 1280 },
        { language: 'fr', locale: 'fr-FR', colorScheme: 'light', width: 1280 },
        { language: 'en', locale: 'en-GB', colorScheme: 'dark', width: 390 },
      ] as const)),
]
const patienceMs = 60_000

export interface Walk {
  readonly entrance: EntranceName
  readonly origin: string
  readonly browser: Browser
  readonly email: string
  readonly password: string
  /** By path, what a page shows once it is loaded; also of pages of one thing, which have an id in their path. */
  readonly shows?: Readonly<Record<string, string>>
}

/** Every reading of every page, as `pnpm test:long` has it, takes some minutes. */
export const walkTimeoutMs = 900_000

/** Who signs in walks every page of the entrance, in every reading. @returns how many pages were seen in all their states */
export async function walkEntrance({ browser, email, password, ...walk }: Walk): Promise<number> {
  let seen = 0
  for (const { language, locale, colorScheme, width } of readings) {
    const context = await browser.newContext({ locale, colorScheme, viewport: { width, height: 844 }, reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.goto(walk.origin)
    await page.getByLabel(words[language].email, { exact: true }).fill(email)
    await page.getByLabel(words[language].password, { exact: true }).fill(password)
    await page.keyboard.press('Enter')
    await page.locator('.frame-account').waitFor()
    await page.close()
    seen += await walkPages({ ...walk, context, language })
    await context.close()
  }
  return seen
}

interface Told {
  way: 'hold' | 'fail' | 'pass'
  turn: (way: 'fail' | 'pass') => void
}

/** Before anything of a page runs: its questions are held, go nowhere or pass, as it is told. */
const told = (): void => {
  const page = window as unknown as Told
  page.way = location.hash === '#held' ? 'hold' : 'pass'
  const held: (() => void)[] = []
  const lost = (): TypeError => new TypeError('Failed to fetch')
  const reach = window.fetch.bind(window)
  window.fetch = (resource, init) => {
    if (page.way === 'hold') return new Promise((_resolve, reject) => held.push(() => reject(lost())))
    return page.way === 'fail' ? Promise.reject(lost()) : reach(resource, init)
  }
  const opened: EventSource[] = []
  const refuse = (stream: EventSource): void => {
    stream.close()
    stream.dispatchEvent(new Event('error'))
  }
  const Real = window.EventSource
  window.EventSource = class extends Real {
    constructor(address: string | URL, options?: EventSourceInit) {
      super(address, options)
      if (page.way === 'pass') opened.push(this)
      else setTimeout(() => refuse(this))
    }
  }
  page.turn = (way) => {
    page.way = way
    for (const lose of held.splice(0)) lose()
    if (way === 'fail') for (const stream of opened.splice(0)) refuse(stream)
  }
}

/** Expects of every page that it shows its states in their order, and is sound once it is loaded. */
async function walkPages({ entrance, origin, context, language, shows = {} }: Pick<Walk, 'entrance' | 'origin' | 'shows'> & { readonly context: BrowserContext; readonly language: 'en' | 'fr' }): Promise<number> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())))
  await page.addInitScript(told)
  const lose = (): Promise<void> => page.evaluate(() => (window as unknown as Told).turn('fail'))
  const paths = new Set([...dashboardFiles.entrances[entrance].paths.filter((path) => !path.includes(':')), ...Object.keys(shows)])
  const ways = new Set(waysOf(entrance).flatMap((group) => group.ways.map(([path]): string => path)))
  for (const path of paths) {
    const isOpen = openPaths.includes(path)
    const seen: string[] = []
    const see = async (state: string, selector: string): Promise<void> => {
      await page.locator(selector).first().waitFor({ timeout: patienceMs }).catch(() => expect(seen, `${path} never was ${state}: it shows no ${selector}`).toEqual([...seen, state]))
      seen.push(state)
    }
    const answer = await page.goto(`${origin}${path}${isOpen ? '' : '#held'}`)
    expect([path, answer?.headers()['content-security-policy']]).toEqual([path, dashboardFiles.headers['content-security-policy']])
    if (!isOpen) {
      await see('loading', '.loading')
      await lose()
      await see('failed', '.fault, .empty')
      const again = page.getByRole('button', { name: words[language].retry }).first()
      await again.waitFor()
      // Both at once: whatever asks by itself comes too late.
      await again.evaluate((button) => {
        ;(window as unknown as Told).turn('pass')
        ;(button as HTMLElement).click()
      })
    }
    await expect.poll(async () => [path, await page.locator('main .loading').count(), isOpen ? [] : await page.locator('.fault').allInnerTexts(), await page.locator('h1').count()], { timeout: patienceMs }).toEqual([path, 0, [], 1])
    const shown = shows[path]
    if (shown !== undefined) await see('loaded', shown)
    await expect.poll(async () => [path, await page.title(), await page.locator('html').getAttribute('lang')]).toEqual([path, expect.stringMatching(/^\S.* · Rivulet$/), language])
    if (ways.has(path)) expect([path, await page.locator('.grouped-ways a[aria-current=page]').getAttribute('href')]).toEqual([path, path])
    expect([path, await seriousFaults(page)]).toEqual([path, []])
    expect([path, await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)]).toEqual([path, 0])
    if (process.env['RIVULET_PICTURES'] !== undefined) await page.screenshot({ path: `${process.env['RIVULET_PICTURES']}/${entrance}-${language}-${page.viewportSize()?.width}${path.replaceAll('/', '_')}.png`, fullPage: true })
    if (!isOpen) {
      await lose()
      // Whoever comes back to a page has it asked again, unless a question is under way.
      await expect
        .poll(async () => {
          await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')))
          return [path, (await page.locator('.stale, .live-stale, .overview-stale').count()) > 0]
        }, { timeout: patienceMs, interval: 200 })
        .toEqual([path, true])
    }
    expect([path, complaints]).toEqual([path, []])
  }
  await page.close()
  return paths.size
}
