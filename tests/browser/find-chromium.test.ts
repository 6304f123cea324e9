/** Where the browser tests take their Chromium from, on machines of all kinds. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { launchChromium } from './chromium.ts'
import { findChromium, type Machine } from './find-chromium.ts'

interface Played extends Machine {
  readonly ran: string[]
}

/** A machine on which these files can be run; `onRun` may add to them and gives the exit status. */
function machine({ files = [], ...given }: { readonly files?: string[]; readonly userId?: number; readonly platform?: string; readonly environment?: NodeJS.ProcessEnv; readonly onRun?: (line: string, files: string[]) => number }): Played {
  const ran: string[] = []
  return {
    ran,
    environment: given.environment ?? { PATH: '/usr/local/bin:/usr/bin' },
    userId: given.userId ?? 0,
    platform: given.platform ?? 'sunos-sparc',
    isExecutable: (path) => files.includes(path),
    run(command, args) {
      const line = [command, ...args].join(' ')
      ran.push(line)
      return given.onRun?.(line, files) ?? 1
    },
  }
}
const apt = '/usr/bin/apt-get'
const install = `${apt} -o DPkg::Lock::Timeout=300 install -y --no-install-recommends chromium`

describe('Chromium is', () => {
  test('the one that is named, before one that is installed', () => {
    expect(findChromium(machine({ files: ['/usr/bin/chromium'], environment: { PATH: '/usr/bin', RIVULET_CHROMIUM: '/opt/mine' } }))).toEqual({ path: '/opt/mine', environment: {} })
  })

  test('the one on the path, and nothing is installed', () => {
    const played = machine({ files: [apt, '/usr/bin/google-chrome'] })
    expect(findChromium(played)).toEqual({ path: '/usr/bin/google-chrome', environment: {} })
    expect(played.ran).toEqual([])
  })

  test('the shell that draws no windows, before one that does', () => {
    expect(findChromium(machine({ files: ['/usr/local/bin/chromium', '/usr/lib/chromium/chromium-headless-shell'] })).path).toBe('/usr/lib/chromium/chromium-headless-shell')
  })

  test('Debian’s, installed by root', () => {
    const played = machine({ files: [apt], onRun: (_line, files) => (files.push('/usr/bin/chromium'), 0) })
    expect(findChromium(played).path).toBe('/usr/bin/chromium')
    expect(played.ran).toEqual([install])
  })

  test('Debian’s, after its list of packages was renewed', () => {
    let isNew = false
    const played = machine({
      files: [apt],
      onRun(line, files) {
        if (line === install && !isNew) return 100
        if (line === install) files.push('/usr/bin/chromium')
        isNew = true
        return 0
      },
    })
    expect(findChromium(played).path).toBe('/usr/bin/chromium')
    expect(played.ran).toEqual([install, `${apt} update`, install])
  })

  test.each([
    ['for whom may not install', { files: [apt], userId: 1000, platform: 'linux-arm64' }, []],
    ['where the packages cannot be had', { files: [apt] }, [install, `${apt} update`]],
    ['where there is no apt', { platform: 'darwin-arm64' }, []],
  ])('asked for in one sentence %s', (_who, given, ran) => {
    const played = machine(given)
    expect(() => findChromium(played)).toThrow(/^the browser tests need Chromium, and this machine \(\S+\) has none: install it, or name its executable in RIVULET_CHROMIUM$/)
    expect(played.ran).toEqual(ran)
  })

  test('the one of the lock file where nothing is installed and nothing can be, and it shows a page with its own libraries and font', async () => {
    const found = findChromium({ environment: {}, userId: 1000, platform: `${process.platform}-${process.arch}`, isExecutable: () => false, run: (command, args, options) => spawnSync(command, args, options).status })
    await using chromium = await launchChromium(found)
    const page = await chromium.context.newPage()
    await page.goto('data:text/html,<title>Rivulet</title><p>one second of attention')
    expect(await page.title()).toBe('Rivulet')
    expect(await page.locator('p').evaluate((paragraph) => paragraph.getBoundingClientRect().height)).toBeGreaterThan(5)
  })
})

test('a browser that was closed leaves no process', async () => {
  const { browser, [Symbol.asyncDispose]: close } = await launchChromium()
  const control = await browser.newBrowserCDPSession()
  const { processInfo } = (await control.send('SystemInfo.getProcessInfo')) as { readonly processInfo: readonly { readonly type: string; readonly id: number }[] }
  const own = processInfo.find(({ type }) => type === 'browser')?.id
  if (own === undefined) throw new Error('the browser names no process of its own')
  expect(process.kill(own, 0)).toBe(true)
  await close()
  expect(() => process.kill(own, 0)).toThrow('ESRCH')
})
