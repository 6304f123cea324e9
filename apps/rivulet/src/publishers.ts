/** What publishers have beside their balance: sites with their proofs. */
import { Resolver } from 'node:dns/promises'
import type { Accounts } from '@rivulet/accounts'
import { guardedFetch } from '@rivulet/outbound'
import type { Postgres } from '@rivulet/postgres'
import { siteRoutes, Sites } from '@rivulet/receiver'
import type { Clock } from '@rivulet/time'
import type { Router } from 'express'
import type { Logger } from 'pino'
import type { Config } from './config.ts'

interface Parts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly postgres: Postgres
  readonly accounts: Accounts
}

/** A file that proves a site is one line. */
const proofBytesMax = 10_000
const dnsTimeoutMs = 3_000
const dnsTries = 2

/** The publishers' routes of their entrance, and what works in the background for them. */
export function openPublishers({ config, clock, log, postgres, accounts }: Parts, building: AsyncDisposableStack): Router[] {
  const { allowLocal } = config
  const entrance = accounts.entrance('publisher')
  const resolver = new Resolver({ timeout: dnsTimeoutMs, tries: dnsTries })
  const sites = building.use(new Sites({ postgres, clock, log, allowLocal, fetch: guardedFetch({ clock, allowLocal, bodyBytesMax: proofBytesMax }), resolveTxt: (name) => resolver.resolveTxt(name) }))
  sites.start()
  return [siteRoutes({ sites, entrance })]
}
