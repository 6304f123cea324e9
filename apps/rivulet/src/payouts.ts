/** How payouts are put together: the same books behind the publishers' door, the operators', and whoever sends. */
import type { Accounts } from '@rivulet/accounts'
import { AuditLog } from '@rivulet/audit'
import { FundingStore, openPots, ShareReturns, ShareReturnStore } from '@rivulet/funding'
import { type Id, Seal } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import { type Mails, writeEvents } from '@rivulet/notify'
import type { InstanceKey, Paying } from '@rivulet/open-payments'
import { guardedFetch } from '@rivulet/outbound'
import { Bank, BankStore, everybody, givingBack, GivingUp, interledgerRail, operatorPayoutRoutes, PayeesElsewhere, payerOf, Payouts, type PayoutsOptions, PayoutStore, ProviderStore, publisherPayoutRoutes, ReconciliationService, StripeAccountStore, type StripeConnect, stripePayoutRoutes, stripeRail } from '@rivulet/payout'
import type { Postgres } from '@rivulet/postgres'
import { OwnMoney } from '@rivulet/receiver'
import { Resolver } from '@rivulet/resolver'
import type { Clock, JobWatch } from '@rivulet/time'
import { Router } from 'express'
import type { Logger } from 'pino'
import { type Config, ConfigFault } from './config.ts'

interface Parts {
  readonly config: Config
  readonly postgres: Postgres
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Logger
  readonly accounts: Accounts
}

/** Of everything that may cost something. */
export function costNames({ payouts }: Config): readonly string[] {
  return ['sandbox', 'stripe', ...payouts.rails]
}

interface Mailed {
  readonly mails: Pick<Mails, 'post'>
  readonly accounts: Pick<Accounts, 'personById' | 'frozenAmong' | 'operators' | 'walletAddressById' | 'walletAddressByUrl'>
}

/** Publishers are written to when a payout leaves, and when it comes back; that it has arrived they see at their bank. Their servers hear of each. */
function teller({ config, postgres, clock }: Pick<Parts, 'config' | 'postgres' | 'clock'>, store: PayoutStore, { mails, accounts }: Mailed): NonNullable<PayoutsOptions['tell']> {
  const url = `${config.publicUrls.receiver}/payouts`
  return async ({ payout, personId, shown }, what) => {
    if (personId === everybody.personId) return
    const units = (value: bigint): object => ({ value: String(value), assetCode: payout.asset.code, assetScale: payout.asset.scale })
    const data = { payout: payout.id, amount: units(payout.amount), fee: units(payout.fee), destination: shown }
    await writeEvents(postgres, [{ ownerId: personId, kind: `payout.${what}`, object: payout.id, key: `payout/${payout.id}/${payout.attempt}/${what}`, data }], clock.nowMs())
    const person = await accounts.personById(personId)
    if (person === undefined || what === 'settled') return
    const { id, attempt, amount, fee, asset } = payout
    const common = { key: `payout/${id}/${attempt}/${what}`, to: person.email, language: person.language }
    if (what === 'sent') return mails.post({ ...common, template: 'payout-sent', fields: { payout: { amount: amount - fee, asset }, fee: { amount: fee, asset }, to: shown, url } })
    const timeline = (await store.timelines([id])).get(id) ?? []
    const reason = timeline.findLast(({ status }) => status === what)?.note ?? what
    return mails.post({ ...common, template: 'payout-returned', fields: { payout: { amount, asset }, reason, url } })
  }
}

/** A publisher is written to when somebody says where her payouts go: it may not have been she. */
function tellerOfMoves({ config, clock }: Pick<Parts, 'config' | 'clock'>, { mails, accounts }: Mailed): NonNullable<PayoutsOptions['tellMoved']> {
  return async ({ personId, accountId, shown }) => {
    const person = await accounts.personById(personId)
    if (person !== undefined) await mails.post({ key: `payout-moved/${accountId}/${clock.nowMs()}`, to: person.email, language: person.language, template: 'payout-moved', fields: { to: shown, url: `${config.publicUrls.receiver}/payouts` } })
  }
}

export interface PayoutParts {
  readonly payouts: Payouts
  readonly store: PayoutStore
  readonly givingUp: GivingUp
  readonly bank: Bank | undefined
  readonly reconciliation: ReconciliationService
  readonly stripe: { readonly connect: StripeConnect; readonly connected: StripeAccountStore } | undefined
}

/** @param background whether this process works through what is due */
export async function openPayouts({ config, postgres, ledger, clock, log, mailed }: Omit<Parts, 'accounts'> & { readonly mailed?: Mailed }, background: boolean, watch?: JobWatch): Promise<PayoutParts> {
  const seal = new Seal(Buffer.from(config.secrets.seal, 'base64url'))
  const store = new PayoutStore(postgres)
  const { terms, rails: offered, bank: debtor } = config.payouts
  const stripe = await connectOf(config, postgres)
  const funding = new FundingStore(postgres)
  const payouts = new Payouts({ store, ledger, own: new OwnMoney({ postgres, ledger }), clock, log, seal, terms, offered, background, watch, frozenAmong: (ids) => mailed?.accounts.frozenAmong(ids) ?? Promise.resolve(new Set<string>()), ...(stripe !== undefined && { stripeAccountOf: (personId) => stripe.connected.of(personId) }), ...(mailed !== undefined && { tell: teller({ config, postgres, clock }, store, mailed), tellMoved: tellerOfMoves({ config, clock }, mailed), eyes: () => mailed.accounts.operators().eyes(), giveBack: givingBack({ ledger, accounts: mailed.accounts, toBudgets: toBudgets({ postgres, ledger, clock }, funding, mailed) }) }) })
  if (stripe !== undefined) payouts.sendBy(stripeRail(stripe.connect))
  const bankStore = new BankStore(postgres)
  const reconciliation = new ReconciliationService({ ledger, payouts: store, bank: bankStore, providers: new ProviderStore(postgres), clock, asset: config.asset, settling: config.payouts.settling, pots: () => openPots(funding.pools) })
  const bank = debtor && new Bank({ store: bankStore, payouts, clock, seal, debtor, version: debtor.pain, asset: config.asset })
  const givingUp = new GivingUp({ store: store.unpaid, ledger, terms, clock, ...(mailed !== undefined && { eyes: () => mailed.accounts.operators().eyes() }) })
  return { payouts, store, givingUp, bank, reconciliation, stripe }
}

/** Shares for an address that is given up go back to who gave them; not to who has left, or is leaving: her pointer is nobody's. */
function toBudgets({ postgres, ledger, clock }: Pick<Parts, 'postgres' | 'ledger' | 'clock'>, store: FundingStore, { accounts }: Mailed): (accountId: Id<'acct'>) => Promise<bigint> {
  const isThere = async (personId: Id<'pers'>): Promise<boolean> => {
    const url = (await accounts.personById(personId))?.walletAddress?.url
    return url !== undefined && (await accounts.walletAddressByUrl(url)) !== undefined
  }
  const returns = new ShareReturns({ store, returns: new ShareReturnStore(postgres), ledger, clock, isThere })
  return (accountId) => returns.empty(accountId)
}

/** The key of the charge that a provider calls so. */
export function chargeKeys(postgres: Postgres): (provider: string, reference: string) => Promise<string | undefined> {
  const store = new FundingStore(postgres)
  return async (provider, reference) => (await store.chargeBy(provider, reference))?.key
}

/** Where publishers may be paid out by Stripe. */
async function connectOf({ payouts, stripe, publicUrls }: Config, postgres: Postgres): Promise<PayoutParts['stripe']> {
  if (!payouts.stripe) return undefined
  if (stripe?.payoutWebhookSecrets === undefined) throw new ConfigFault('config-invalid', 'payouts by Stripe need RIVULET_STRIPE_SECRET_KEY, RIVULET_STRIPE_WEBHOOK_SECRET and RIVULET_STRIPE_PAYOUT_WEBHOOK_SECRETS')
  const { StripeConnect } = await import('@rivulet/payout/stripe')
  return { connect: new StripeConnect({ secretKey: stripe.secretKey, webhookSecrets: stripe.payoutWebhookSecrets, returnUrl: `${publicUrls.receiver}/payouts` }), connected: new StripeAccountStore(postgres) }
}

/** From now on this process, which can pay, sends payouts over Interledger. */
export function payOutOverInterledger({ payouts, store }: PayoutParts, paying: Paying, { config, ledger, clock, accounts, instance }: Parts & { readonly instance: InstanceKey }): void {
  const { allowLocal } = config
  const resolver = new Resolver({ fetch: guardedFetch({ clock, allowLocal }), clock, asker: instance, allowLocal })
  payouts.sendBy(interledgerRail({ payments: paying.payments, resolver, payerOf: payerOf({ accounts, store, instance: { url: instance.walletAddress, asset: config.asset } }), ledger, client: instance.walletAddress }))
}

/** Whom of other providers' people subscribers may share with. */
export function payeesElsewhere({ payouts, store }: Pick<PayoutParts, 'payouts' | 'store'>, { config, ledger, clock, instance }: Pick<Parts, 'config' | 'ledger' | 'clock'> & { readonly instance: InstanceKey }): PayeesElsewhere {
  const { allowLocal, publicUrls } = config
  const resolver = new Resolver({ fetch: guardedFetch({ clock, allowLocal }), clock, asker: instance, allowLocal })
  return new PayeesElsewhere({ ledger, payouts, store, resolver, clock, publicUrls: [publicUrls.wallet, publicUrls.receiver] })
}

export function publisherPayouts({ payouts, store, stripe }: PayoutParts, { accounts, clock, log }: Pick<Parts, 'accounts' | 'clock' | 'log'>): Router {
  const entrance = accounts.entrance('publisher')
  const router = Router()
  // Before the others, who parse bodies: signatures are over raw bytes.
  if (stripe !== undefined) router.use(stripePayoutRoutes({ stripe: stripe.connect, connected: stripe.connected, payouts, store, entrance, clock, log }))
  return router.use(publisherPayoutRoutes({ payouts, store, entrance, log }))
}

export function operatorPayouts(parts: PayoutParts, { accounts, log, postgres, clock }: Pick<Parts, 'accounts' | 'log' | 'postgres' | 'clock'>): Router {
  return operatorPayoutRoutes({ ...parts, chargeKeyOf: chargeKeys(postgres), accounts, entrance: accounts.entrance('operator'), log, audit: new AuditLog(postgres), nowMs: () => clock.nowMs() })
}
