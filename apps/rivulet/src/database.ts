/** The database of a command or a server: the one that DATABASE_URL names, or Rivulet's own in the data folder. Commands load this, and not the services whose schemas it knows. */
import { accountsMigrations } from '@rivulet/accounts/migrations'
import { auditMigrations } from '@rivulet/audit/migrations'
import { fundingMigrations } from '@rivulet/funding/migrations'
import { gnapMigrations } from '@rivulet/gnap/migrations'
import { ledgerMigrations } from '@rivulet/ledger'
import { openPaymentsMigrations } from '@rivulet/open-payments/migrations'
import { notifyMigrations } from '@rivulet/notify/migrations'
import { operatorMigrations } from '@rivulet/operator/migrations'
import { payoutMigrations } from '@rivulet/payout/migrations'
import { peeringMigrations } from '@rivulet/peering/migrations'
import { migrate, type Migrations, openEmbeddedPostgres, Postgres, startEmbeddedPostgres } from '@rivulet/postgres'
import { receiverMigrations } from '@rivulet/receiver/migrations'
import { walletMigrations } from '@rivulet/wallet/migrations'
import type { Config } from './config.ts'

/** Every schema of the house. */
export const allMigrations: readonly Migrations[] = [ledgerMigrations, accountsMigrations, gnapMigrations, notifyMigrations, receiverMigrations, walletMigrations, openPaymentsMigrations, fundingMigrations, payoutMigrations, operatorMigrations, peeringMigrations, auditMigrations]

export interface Database extends AsyncDisposable {
  readonly postgres: Postgres
}

/** For a server: owns the data folder's database, and brings every schema up to date. */
export async function openServerDatabase(config: Config, role: string, onProgress: (step: string) => void): Promise<Database> {
  const embedded = config.databaseUrl === undefined ? await startEmbeddedPostgres({ dataFolder: config.dataFolder, onProgress }) : undefined
  return connect(config.databaseUrl ?? embedded?.url ?? '', role, embedded)
}

/** For a command: beside a running server, or on its own. */
export async function openCommandDatabase(config: Config): Promise<Database> {
  const embedded = config.databaseUrl === undefined ? await openEmbeddedPostgres({ dataFolder: config.dataFolder }) : undefined
  return connect(config.databaseUrl ?? embedded?.url ?? '', 'command', embedded)
}

async function connect(url: string, role: string, embedded: AsyncDisposable | undefined): Promise<Database> {
  const postgres = Postgres.connect({ url, connectionsMax: 24, applicationName: `rivulet ${role}` })
  const end = async (): Promise<void> => {
    await postgres[Symbol.asyncDispose]()
    await embedded?.[Symbol.asyncDispose]()
  }
  try {
    await postgres.ping()
    await migrate(postgres, allMigrations)
  } catch (error) {
    await end()
    throw error
  }
  return { postgres, [Symbol.asyncDispose]: end }
}
