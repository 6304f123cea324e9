/** What the commands say about money, and a guest's view of the books of a running product. */
import { Ledger } from '@rivulet/ledger'
import { openEmbeddedPostgres, Postgres } from '@rivulet/postgres'
import { systemClock } from '@rivulet/time'
import { rivulet } from './product.ts'

export interface Balance {
  readonly posted: string
  readonly pending: string
  readonly accrued: string
}

export interface Verified {
  readonly ok: boolean
  readonly problems: readonly { readonly check: string; readonly row: string; readonly message: string }[]
  readonly accounts: number
  readonly transfers: number
  readonly streamsOpen: number
  readonly streamsInDoubt: number
}

/** The last line that a command answers with `--json`. */
export async function answerOf<Answer>(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Answer> {
  const { stdout, stderr } = await rivulet([...args, '--json'], environment)
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  if (line === '') throw new Error(`rivulet ${args.join(' ')} answered nothing: ${stderr}`)
  return JSON.parse(line) as Answer
}

export const balanceOf = (name: string, folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Balance> => answerOf<Balance>(['balance', name, '--data', folder], environment)

export const verified = (folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Verified> => answerOf<Verified>(['verify', '--data', folder], environment)

/** The ledger of a running product, looked at from beside it. */
export async function guestLedger(given: { readonly folder: string } | { readonly url: string }): Promise<AsyncDisposable & { readonly ledger: Ledger; readonly postgres: Postgres }> {
  await using building = new AsyncDisposableStack()
  const url = 'url' in given ? given.url : building.use(await openEmbeddedPostgres({ dataFolder: given.folder })).url
  const postgres = building.use(Postgres.connect({ url, connectionsMax: 4, applicationName: 'guest' }))
  const ledger = building.use(await Ledger.open({ postgres, clock: systemClock }))
  const all = building.move()
  return { ledger, postgres, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
