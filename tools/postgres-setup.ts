/**
 * Starts one real PostgreSQL for a run of the tests, when some of them need it, in a folder of mode 0700 that goes with the run. What it holds need not outlive the run, so nothing waits for the
 * disk; tests about durability start servers of their own.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@rivulet/postgres'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string
  }
}

const needing: ReadonlySet<string> = new Set(['pg', 'simulation', 'system', 'paced'])
const settings = { max_connections: '400', max_wal_size: '256MB' }
/** Databases of a run come and go by the hundred, each with a thousand files: they are in memory where Linux has room for them. */
const memory = { folder: '/dev/shm', freeBytesMin: 4_000_000_000 }

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (!project.vitest.projects.some(({ name }) => needing.has(name))) return undefined
  const freeBytes = await statfs(memory.folder).then(({ bavail, bsize }) => bavail * bsize, () => 0)
  const folder = await mkdtemp(join(freeBytes >= memory.freeBytesMin ? memory.folder : tmpdir(), 'rivulet-test-'))
  standBy(folder)
  const server = await startEmbeddedPostgres({ dataFolder: folder, durable: false, settings })
  project.provide('postgresUrl', server.url)
  return async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Once this process has ended, by whatever signal: stops the server that still runs there, and removes the folder. The pipe to it closes with this process, and nothing is written to it before. */
function standBy(folder: string): void {
  const script = 'read -r _; pid=$(head -n 1 "$1/postgres/postmaster.pid") && kill -INT "$pid" && while kill -0 "$pid"; do sleep 0.1; done; rm -rf "$1"'
  // Detached: Ctrl-C at a terminal is for the run alone.
  const successor = spawn('/bin/sh', ['-c', script, 'sh', folder], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  successor.unref()
}
