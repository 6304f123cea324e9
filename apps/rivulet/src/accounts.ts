/** How people and their ways in are put together: for servers, and for commands, which need little else of the house. */
import type { Person } from '@rivulet/accounts'
import { Accounts } from '@rivulet/accounts/accounts'
import type { Ledger } from '@rivulet/ledger'
import type { Mails } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { Config } from './config.ts'

interface AccountsParts {
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly clock: Clock
  /** For servers; commands let nobody in. */
  readonly entrancesOpen: boolean
  /** Servers only: commands write nobody. */
  readonly mails?: Mails
  readonly onPersonCreated?: (person: Person) => Promise<void>
}

const dayMs = 86_400_000

export function openAccounts(config: Config, { mails, ...parts }: AccountsParts): Promise<Accounts> {
  const { wallet, receiver, operator } = config.publicUrls
  return Accounts.open({
    ...parts,
    ...(mails?.sends === true && { mails, confirmAddresses: !config.sandbox }),
    secret: Buffer.from(config.secrets.auth, 'base64url'),
    entrances: { subscriber: { publicUrl: wallet }, publisher: { publicUrl: receiver }, operator: { publicUrl: operator } },
    sandbox: config.sandbox,
    asset: config.asset,
    boundMs: config.invitedDays * dayMs,
  })
}
