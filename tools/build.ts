/** Builds what runs in a browser, when its sources changed since the last build. `node tools/build.ts --force` builds anyway. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const apps: readonly { readonly name: string; readonly sources: readonly string[] }[] = [
  { name: 'client-script', sources: ['apps/client-script', 'packages/wire/web-monetization', 'packages/ground'] },
  { name: 'dashboard', sources: ['apps/dashboard', 'packages/wire/web-monetization', 'packages/ground'] },
]

function* filesBelow(path: string): Generator<string> {
  if (!existsSync(path)) return
  if (statSync(path).isFile()) yield path
  else for (const name of readdirSync(path).sort()) if (name !== 'node_modules' && name !== 'dist') yield* filesBelow(join(path, name))
}

for (const { name, sources } of apps) {
  const script = join(root, 'apps', name, 'build.ts')
  const digest = createHash('sha256')
  for (const source of [...sources, 'pnpm-lock.yaml']) for (const file of filesBelow(join(root, source))) digest.update(file.slice(root.length)).update('\0').update(readFileSync(file))
  const wanted = digest.digest('hex')
  const stamp = join(root, 'apps', name, 'dist', '.sources')
  if (!process.argv.includes('--force') && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) continue
  console.error(`building ${name} ...`)
  const { status } = spawnSync(process.execPath, [script], { cwd: join(root, 'apps', name), stdio: ['ignore', process.stderr, process.stderr] })
  if (status !== 0) {
    console.error(`building ${name} failed`)
    process.exit(1)
  }
  mkdirSync(join(root, 'apps', name, 'dist'), { recursive: true })
  writeFileSync(stamp, wanted)
}
