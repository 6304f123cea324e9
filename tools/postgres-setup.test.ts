import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'

async function dataDirectory(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => undefined)
  try {
    await client.connect()
    return (await client.query<{ data_directory: string }>('SHOW data_directory')).rows[0]?.data_directory
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => undefined)
  }
}

test('a run that is killed leaves neither its PostgreSQL nor its folder', async () => {
  const setup = new URL('postgres-setup.ts', import.meta.url).href
  const run = `const { default: setup } = await import('${setup}'); await setup({ vitest: { projects: [{ name: 'pg' }] }, provide: (_name, url) => console.log(url) }); setInterval(() => undefined, 1_000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', run], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = String(((await once(child.stdout, 'data')) as [Buffer])[0]).trim()
  const folder = dirname((await dataDirectory(url)) ?? '')
  expect(existsSync(folder)).toBe(true)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await expect.poll(() => dataDirectory(url), { timeout: 60_000 }).toBeUndefined()
  await expect.poll(() => existsSync(folder), { timeout: 60_000 }).toBe(false)
})
