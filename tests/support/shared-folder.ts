import { testPostgres } from '@rivulet/postgres/testing'
import { allMigrations } from '../../apps/rivulet/src/database.ts'
import { dataFolder, putDatabase } from './product.ts'

/** A data folder that goes with the test, and a fresh database for it on the PostgreSQL of the run, with these schemas: for all that is not about a PostgreSQL of one's own. */
export async function sharedFolder(schemas = allMigrations): Promise<AsyncDisposable & { readonly path: string; readonly databaseUrl: string }> {
  await using building = new AsyncDisposableStack()
  const { path } = building.use(dataFolder())
  const { url } = building.use(await testPostgres(schemas))
  putDatabase(path, url)
  const all = building.move()
  return { path, databaseUrl: url, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
