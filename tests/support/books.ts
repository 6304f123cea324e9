/** What the commands say about money, and a guest's view of the books of a running product. */
import type { Id } from '@rivulet/ids'
import { Ledger } from '@rivulet/ledger'
import { openEmbeddedPostgres, Postgres } from '@rivulet/postgres'
import { systemClock } from '@rivulet/time'
import { databaseOf, rivulet } from './product.ts'

export interface Balance {
  readonly posted: string
  readonly pending: string
  readonly accrued: string
  readonly assetCode: string
  readonly assetScale: number
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

/** As `rivulet balance` says it. On a shared folder it is read here, and `name` is the path of a wallet address. */
export async function balanceOf(name: string, folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Balance> {
  const url = databaseOf(folder)
  if (url === undefined) return answerOf<Balance>(['balance', name, '--data', folder], environment)
  await using guest = await guestLedger({ url })
  const { posted, pending, accrued, asset } = await guest.balanceOf(name)
  return { posted: String(posted), pending: String(pending), accrued: String(accrued), assetCode: asset.code, assetScale: asset.scale }
}

/** As `rivulet verify` says it. On a shared folder it is proven here. */
export async function verified(folder: string, environment: NodeJS.ProcessEnv = {}): Promise<Verified> {
  const url = databaseOf(folder)
  if (url === undefined) return answerOf<Verified>(['verify', '--data', folder], environment)
  await using guest = await guestLedger({ url })
  return await guest.ledger.verify()
}

export interface GuestLedger extends AsyncDisposable {
  readonly ledger: Ledger
  readonly postgres: Postgres
  /** Of the account behind a wallet address, by its path. */
  readonly balanceOf: (path: string) => ReturnType<Ledger['balance']>
}

/** The ledger of a running product, looked at from beside it. */
export async function guestLedger(given: { readonly folder: string } | { readonly url: string }): Promise<GuestLedger> {
  await using building = new AsyncDisposableStack()
  const url = 'url' in given ? given.url : databaseOf(given.folder) ?? building.use(await openEmbeddedPostgres({ dataFolder: given.folder })).url
  const postgres = building.use(Postgres.connect({ url, connectionsMax: 4, applicationName: 'guest' }))
  const ledger = building.use(await Ledger.open({ postgres, clock: systemClock }))
  const all = building.move()
  const balanceOf = async (path: string): ReturnType<Ledger['balance']> => {
    const { rows } = await postgres.pool.query<{ id: Id<'acct'> }>('select ledger_account_id as id from accounts.wallet_address where path = $1', [path])
    if (rows[0] === undefined) throw new Error(`there is no wallet address ${path}`)
    return ledger.balance(rows[0].id)
  }
  return { ledger, postgres, balanceOf, [Symbol.asyncDispose]: () => all.disposeAsync() }
}
