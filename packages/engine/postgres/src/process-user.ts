import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { PostgresFault } from './fault.ts'

/** How `initdb` and `postgres` are run, and where they find their files. */
export interface ProcessUser {
  /** Put before the command; empty when it runs as it is. */
  readonly prefix: readonly string[]
  readonly ids: { readonly uid: number; readonly gid: number } | Record<string, never>
  readonly binaries: string
  readonly folder: string
}

const nobody = ['-U', '--map-user=65534', '--map-group=65534']

/**
 * PostgreSQL refuses to run as root. As root it runs in a user namespace in which root is nobody: it keeps the rights of the files' owner, also in a folder of mode 0700. Where
 * the kernel refuses namespaces, binaries and data go under /var/lib/rivulet, owned by the user `postgres`.
 * @param namespaces false tries no namespace
 */
export function processUser(binaries: string, folder: string, namespaces = true): ProcessUser {
  if (process.getuid?.() !== 0) return { prefix: [], ids: {}, binaries, folder }
  if (namespaces && spawnSync('unshare', [...nobody, 'true']).status === 0) return { prefix: ['unshare', ...nobody], ids: {}, binaries, folder }
  const ids = postgresIds()
  const home = '/var/lib/rivulet'
  const ownBinaries = join(home, `postgres-${createHash('sha256').update(binaries).digest('hex').slice(0, 8)}`)
  const ownFolder = join(home, `data-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`)
  if (!existsSync(join(ownBinaries, 'bin', 'postgres'))) cpSync(binaries, ownBinaries, { recursive: true, verbatimSymlinks: true })
  mkdirSync(ownFolder, { recursive: true, mode: 0o700 })
  if (readdirSync(ownFolder).length === 0) chownSync(ownFolder, ids.uid, ids.gid)
  return { prefix: [], ids, binaries: ownBinaries, folder: ownFolder }
}

function postgresIds(): { uid: number; gid: number } {
  const idOf = (flag: string): number => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' })
    return status === 0 ? Number(stdout.trim()) : Number.NaN
  }
  try {
    if (Number.isNaN(idOf('-u'))) execFileSync('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'])
    return { uid: idOf('-u'), gid: idOf('-g') }
  } catch (error) {
    throw new PostgresFault('database-start-failed', 'PostgreSQL cannot run as root here: no user namespaces, and no user `postgres` could be made. Run Rivulet as another user, or set DATABASE_URL.', { cause: error })
  }
}
