/** What publishers have beside their balance: what is arriving, revenue, sites with their proofs, pointers whose income is shared, statements, and keys for their servers. */
import { Resolver } from 'node:dns/promises'
import type { Accounts } from '@rivulet/accounts'
import type { Ledger } from '@rivulet/ledger'
import type { Mails } from '@rivulet/notify'
import type { JobLog } from '@rivulet/operator'
import { guardedFetch } from '@rivulet/outbound'
import type { InstanceKey } from '@rivulet/open-payments'
import { sharesElsewhere, statesElsewhere } from '@rivulet/payout'
import type { Postgres } from '@rivulet/postgres'
import { apiKeyRoutes, ApiKeys, earningsRoutes, paymentRoutes, revenueRoutes, siteRoutes, Sites, type SitesOptions, splitRoutes, Splits, startRoutes, statementRoutes, tagTestRoutes } from '@rivulet/receiver'
import { Resolver as PointerResolver } from '@rivulet/resolver'
import type { Clock } from '@rivulet/time'
import type { Router } from 'express'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { PayoutParts } from './payouts.ts'
import { testStream } from './test-stream.ts'

interface Parts {
  readonly config: Config
  readonly clock: Clock
  readonly log: Logger
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly accounts: Accounts
  readonly instance: InstanceKey
  readonly mails: Pick<Mails, 'post'>
  readonly payouts: Pick<PayoutParts, 'payouts' | 'store'>
  readonly jobs: JobLog
}

/** A file that proves a site is one line. */
const proofBytesMax = 10_000
const pageBytesMax = 3_000_000
const dnsTimeoutMs = 3_000
const dnsTries = 2

/** With which servers of publishers read what is theirs. */
export function openApiKeys({ clock, postgres, accounts }: Pick<Parts, 'clock' | 'postgres' | 'accounts'>): ApiKeys {
  return new ApiKeys({ postgres, clock, accounts, entrance: accounts.entrance('publisher') })
}

/** The publishers' routes of their entrance, and what works in the background for them. */
export function openPublishers({ config, clock, log, postgres, ledger, accounts, instance, mails, payouts, jobs }: Parts, apiKeys: ApiKeys, building: AsyncDisposableStack): Router[] {
  const { allowLocal } = config
  const entrance = accounts.entrance('publisher')
  const resolver = new Resolver({ timeout: dnsTimeoutMs, tries: dnsTries })
  const tellLost: SitesOptions['tellLost'] = async ({ id, personId, origin, provenSinceMs }) => {
    const person = await accounts.personById(personId)
    if (person === undefined) return
    await mails.post({ key: `site/${id}/${provenSinceMs ?? 0}/lost`, to: person.email, language: person.language, template: 'site-lost', fields: { site: origin.replace(/^https:\/\//, ''), url: `${config.publicUrls.receiver}/sites` } })
  }
  const sites = building.use(new Sites({ postgres, clock, log, watch: jobs.watch('sites'), allowLocal, tellLost, fetch: guardedFetch({ clock, allowLocal, bodyBytesMax: proofBytesMax }), resolveTxt: (name) => resolver.resolveTxt(name) }))
  sites.start()
  const pointers = new PointerResolver({ fetch: guardedFetch({ clock, allowLocal }), clock, asker: instance, allowLocal })
  const { wallet: walletUrl, receiver: receiverUrl } = config.publicUrls
  const elsewhere = sharesElsewhere({ ledger, ...payouts, resolver: pointers, publicUrls: [walletUrl, receiverUrl] })
  const splits = building.use(new Splits({ postgres, ledger, accounts, clock, log, watch: jobs.watch('splits'), allowLocal, elsewhere, statesElsewhere: statesElsewhere({ ledger, store: payouts.store }) }))
  splits.start()
  const earnings = building.use(earningsRoutes({ ledger, accounts, clock, log, entrance }))
  const read = { ledger, accounts, clock }
  return [
    earnings.routes,
    siteRoutes({ sites, entrance }),
    splitRoutes({ splits, entrance }),
    statementRoutes({ ...read, requireReader: apiKeys.requireReader('statements') }),
    revenueRoutes({ ...read, requireReader: apiKeys.requireReader('revenue') }),
    paymentRoutes({ ...read, requireReader: apiKeys.requireReader('payments') }),
    apiKeyRoutes({ apiKeys, entrance }),
    startRoutes({ accounts, entrance, walletUrl, ...(config.sandbox && { testStream: (pointer, seconds, signal) => testStream(config, pointer, seconds, signal) }) }),
    tagTestRoutes({ accounts, clock, entrance, walletUrl, allowLocal, fetch: guardedFetch({ clock, allowLocal, bodyBytesMax: pageBytesMax }), lookUp: (pointer) => pointers.lookUp(pointer) }),
  ]
}
