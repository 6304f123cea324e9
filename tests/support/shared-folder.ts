import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Filling, testPostgres } from '@rivulet/postgres/testing'
import { allMigrations } from '../../apps/rivulet/src/database.ts'
import { dataFolder, putDatabase, Server } from './product.ts'

/** A data folder that goes with the test, with a database of its own on the PostgreSQL of the run. */
export interface SharedFolder extends AsyncDisposable {
  readonly path: string
  readonly databaseUrl: string
}

/** The database is fresh and has these schemas: for all that is not about a PostgreSQL of one's own. */
export async function sharedFolder(schemas = allMigrations, filling?: Filling): Promise<SharedFolder> {
  await using building = new AsyncDisposableStack()
  const { path } = building.use(dataFolder())
  const { url } = building.use(await testPostgres(schemas, filling))
  putDatabase(path, url)
  const all = building.move()
  return { path, databaseUrl: url, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** As `sharedFolder`, and a sandbox of default settings was started on the database once and stopped: the demo accounts are there, and need not be made again. */
export async function sandboxFolder(): Promise<SharedFolder> {
  const folder = await sharedFolder(allMigrations, { name: 'sandbox', fill: startOnce })
  writeSecrets(folder.path)
  return folder
}

/** The same in each folder: what that start has sealed in the database can be opened. */
function writeSecrets(folder: string): void {
  const secret = (name: string): string => createHash('sha256').update(`sandbox ${name}`).digest('base64url')
  const secrets = { auth: secret('auth'), seal: secret('seal'), receiver: [{ id: '1', secret: secret('receiver') }], peer: secret('peer'), control: secret('control'), instance: secret('instance') }
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(secrets), { mode: 0o600 })
}

async function startOnce(url: string): Promise<void> {
  using folder = dataFolder()
  putDatabase(folder.path, url)
  writeSecrets(folder.path)
  await using server = await Server.start(['up', '--port', '0', '--data', folder.path])
  const status = await server.end('SIGTERM')
  if (status !== 0) throw new Error(`the sandbox did not stop: ${server.errors}`)
}
