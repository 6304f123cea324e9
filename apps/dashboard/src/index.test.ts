import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dashboardFiles, type EntranceName } from './index.ts'

const javascriptBytesMax = 250_000
const names = Object.keys(dashboardFiles.entrances) as EntranceName[]
const folder = mkdtempSync(join(tmpdir(), 'rivulet-dashboard-'))

beforeAll(async () => {
  // As it is shipped: a test's own environment would build React for development, a third larger.
  vi.stubEnv('NODE_ENV', 'production')
  await build({ configFile: new URL('../vite.config.ts', import.meta.url).pathname, logLevel: 'error', build: { outDir: folder, emptyOutDir: true } })
  vi.unstubAllEnvs()
  return () => rmSync(folder, { recursive: true })
}, 60_000)

/** A page, and every script that it needs before it can show anything. */
function initialScripts(html: string): readonly string[] {
  const page = readFileSync(join(folder, html), 'utf8')
  return [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(([, path]) => path ?? '')
}

describe.each(names)('the %s entrance', (name) => {
  const { html, paths } = dashboardFiles.entrances[name]

  test(`loads at most ${javascriptBytesMax} bytes of script, gzipped`, () => {
    const scripts = initialScripts(html)
    expect(scripts.length).toBeGreaterThan(0)
    const bytes = scripts.map((path) => gzipSync(readFileSync(join(folder, path))).length).reduce((sum, size) => sum + size, 0)
    expect(bytes).toBeGreaterThan(10_000)
    expect(bytes).toBeLessThanOrEqual(javascriptBytesMax)
  })

  test('has no inline script, no inline style and no address of another origin: its policy allows none', () => {
    const page = readFileSync(join(folder, html), 'utf8')
    expect(page).not.toMatch(/<script(?![^>]*\bsrc=)/)
    expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/)
    expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
    expect(dashboardFiles.headers['content-security-policy']).not.toContain('unsafe')
  })

  test('is served at its own root', () => expect(paths).toContain('/'))
})

test('the folder of cached files is the one that the pages refer to', () => {
  expect(existsSync(join(folder, dashboardFiles.assets))).toBe(true)
  for (const name of names) expect(initialScripts(dashboardFiles.entrances[name].html).every((path) => path.startsWith(`${dashboardFiles.assets}/`))).toBe(true)
})
