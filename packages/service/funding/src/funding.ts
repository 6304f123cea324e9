/** Subscriptions at work: transitions are written with what they ask for, which is then done, in order, each step safe to do twice. */
import { Fault, messageOf } from '@rivulet/faults'
import { type Id, newId } from '@rivulet/ids'
import { type Account, type AccountSpec, type Balance, type Ledger, type Taken, type TransferReason, type TransferSpec, transfersAtOnceMax } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Mails } from '@rivulet/notify'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import type { ChargeChange, ChargeNow, FundingStore, OpenEffect, SpendingTerms, Statement, SubscriptionRecord } from './funding-store.ts'
import { invoiceName, type InvoiceTerms } from './invoices/invoice.ts'
import type { InvoiceStore } from './invoice-store.ts'
import { partOf, partsOf, type Plan } from './plan.ts'
import type { Card, ChargeOutcome, DisputeState, PaymentProvider } from './providers/provider.ts'
import type { Share } from './sharing/apportion.ts'
import { attentionIn, countedUntil, type DayAttention, dayBefore, dayOf } from './sharing/counted.ts'
import { type Attention, share, type Shared, type SharingPolicy } from './sharing/policy.ts'
import type { PoolStatement } from './pool-store.ts'
import { monthsAt, type PoolPreview, Pools } from './sharing/pools.ts'
import { begin, next, paidFor, type Step, type Subscription, type SubscriptionEffect, type SubscriptionEvent } from './subscription.ts'
import { mailOf, type Reader, shareReturnedMail } from './telling.ts'

class FundingFault extends Fault<'plan-unknown' | 'subscribed-already' | 'not-subscribed' | 'charge-unknown' | 'charge-disputed' | 'card-declined'> {}

export interface FundingOptions {
  readonly store: FundingStore
  readonly ledger: Pick<Ledger, 'openAccount' | 'transfer' | 'transferAll' | 'balance'>
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void; error(about: object, message: string): void }
  readonly providers: readonly PaymentProvider[]
  /** Units that the provider keeps of a charge, by the operator's tariff; nothing unless told, and for a provider that says itself what it kept. */
  readonly costOf?: (provider: string, amount: bigint) => bigint
  readonly mails: Pick<Mails, 'write'>
  readonly invoices: InvoiceStore
  readonly invoiceTerms: InvoiceTerms
  /** Who of these subscribers the operator has frozen: nothing is charged to them. Nobody unless told. */
  readonly frozenAmong?: (ids: readonly Id<'pers'>[]) => Promise<ReadonlySet<string>>
  /** Whom to write to; undefined when she is gone. */
  readonly readerOf: (personId: Id<'pers'>) => Promise<Reader | undefined>
  /** Whether this process takes up every few seconds what is due. */
  readonly background: boolean
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
  /** Whom a subscriber gave her attention on the days (UTC, `2026-01-31`) from one to another, as counted so far. */
  readonly attentionOf: (personId: Id<'pers'>, fromDay: string, toDay: string) => Promise<readonly DayAttention[]>
  /** The ledger account that a payee is credited on, of ours or on which gathers what goes elsewhere; undefined for whom nobody can credit, whose share rolls over. */
  readonly accountOf: (payee: string) => Promise<Id<'acct'> | undefined>
  /** Those of these who can be credited; opens nothing. Those who have an account, unless told. */
  readonly creditable?: (payees: readonly string[]) => Promise<ReadonlySet<string>>
}

export interface Preview {
  /** Of the budget, not streamed yet, units. */
  readonly rest: bigint
  readonly shares: readonly Share[]
  readonly rolledOver: bigint
  /** Of a pooled plan: both ways in which the rest could be divided. */
  readonly pool: PoolPreview | undefined
}

export type Reported = 'succeeded' | 'failed' | 'refunded' | DisputeState | { readonly refundedTo: bigint }

export interface SubscribeSpec {
  readonly personId: Id<'pers'>
  readonly accountId: Id<'acct'>
  readonly planId: string
  readonly provider: string
  readonly card: Card
  readonly policy: SharingPolicy
}

const dueMax = 200
const effectsMax = 200
const accountsKnownMax = 1_000
const workEveryMs = 5_000
/** How often a charge looks whether its subscriber is still frozen. */
const frozenPauseMs = 30_000
const pauseMsMin = 1_000
const pauseMsMax = 3_600_000
/** A turn of work ends after so many rounds, and goes on with the next. */
const roundsMax = 50

export class Funding implements AsyncDisposable {
  readonly #options: FundingOptions
  readonly #providers: ReadonlyMap<string, PaymentProvider>
  readonly #pools: Pools
  #timer: Timer | undefined
  #working: Promise<void> = Promise.resolve()
  readonly #accounts = new Map<string, Promise<Account>>()
  /** The turn that has not begun. */
  #waiting: Promise<void> | undefined
  #stopping = false

  /** With `background` it takes up what is due, or was left open by another process, every few seconds. */
  constructor(options: FundingOptions) {
    this.#options = options
    this.#pools = new Pools({ ...options, store: options.store.pools })
    this.#providers = new Map(options.providers.map((provider) => [provider.name, provider]))
    if (options.background) this.#tick()
  }

  /** Resolves when the first charge has an outcome, or waits for her. Throws `plan-unknown`, `subscribed-already`. */
  async subscribe({ personId, accountId, planId, provider, card, policy }: SubscribeSpec): Promise<SubscriptionRecord> {
    const { store, clock } = this.#options
    const nowMs = clock.nowMs()
    const plan = (await store.offeredPlans()).find(({ id }) => id === planId)
    if (plan === undefined) throw new FundingFault('plan-unknown', 'this plan is not offered any more: choose another')
    const { subscription, effects } = begin(newId('subs', nowMs), plan, { nowMs, trial: await this.mayTry(personId) })
    const counted = await this.#counted(personId, nowMs)
    const record: SubscriptionRecord = { subscription, personId, accountId, provider, card, policy, periodBegunMs: nowMs, counted, funded: 0n, carried: 0n }
    if (!(await store.insert(record, effects, nowMs))) throw new FundingFault('subscribed-already', 'you have a subscription: change its plan instead')
    await this.work()
    return (await store.byId(subscription.id)) ?? record
  }

  /** Whether the free days of a plan are for her: for newcomers only. */
  async mayTry(personId: Id<'pers'>): Promise<boolean> {
    return !(await this.#options.store.hadOne(personId))
  }

  /** Her running subscription. */
  of(personId: Id<'pers'>): Promise<SubscriptionRecord | undefined> {
    return this.#options.store.ofPerson(personId)
  }

  /** How the plans of these subscribers let their budgets be spent. */
  termsOf(personIds: readonly Id<'pers'>[]): Promise<ReadonlyMap<Id<'pers'>, SpendingTerms>> {
    return this.#options.store.termsOf(personIds)
  }

  /** What of a plan's price is hers to spend. */
  budgetOf(plan: Plan): bigint {
    return partsOf(plan, this.#options.invoiceTerms.vatBasisPoints).budget
  }

  plans(): Promise<readonly Plan[]> {
    return this.#options.store.offeredPlans()
  }

  statements(id: Id<'subs'>): Promise<readonly Statement[]> {
    return this.#options.store.statements(id, 120)
  }

  /** The divided months of pooled plans into which she has paid. */
  pools(id: Id<'subs'>): Promise<readonly PoolStatement[]> {
    return this.#options.store.pools.ofSubscription(id, 120)
  }

  /** What she asks for. Throws `not-subscribed`, `plan-unknown`, `subscription-state`; `card-declined` when what it costs at once was not paid. */
  async ask(personId: Id<'pers'>, wish: { readonly type: 'cancel' | 'keep' | 'pause' | 'resume' } | { readonly type: 'change-plan'; readonly planId: string }): Promise<void> {
    const { store, ledger } = this.#options
    const record = await this.#ofPerson(personId)
    const plan = wish.type === 'change-plan' ? (await store.offeredPlans()).find(({ id }) => id === wish.planId) : undefined
    if (wish.type === 'change-plan' && plan === undefined) throw new FundingFault('plan-unknown', 'this plan is not offered any more: choose another')
    const event: SubscriptionEvent = wish.type === 'change-plan' ? { type: 'change-plan', plan: plan as Plan } : wish
    const nowMs = this.#options.clock.nowMs()
    // What she reads while it is paused is no part of the period that begins when she resumes.
    const [counted, { posted }] = wish.type === 'resume' ? await Promise.all([this.#counted(personId, nowMs), ledger.balance(record.accountId)]) : [undefined, { posted: 0n }]
    await store.change(record.subscription.id, { nowMs }, ({ subscription, carried }) => ({
      ...next(subscription, event, nowMs),
      // Nor is what she has spent since then.
      ...(counted !== undefined && subscription.status === 'paused' && { set: { periodBegunMs: nowMs, counted, carried: carried < posted ? carried : posted } }),
    }))
    await this.work()
    if (wish.type === 'change-plan' || wish.type === 'resume') await this.#refuseDeclined(record.subscription)
  }

  /** Ends her subscription at once, its rest shared as she chose, and does what that asks for. Whether nothing of hers is left to be done. Safe to do again. */
  async leave(personId: Id<'pers'>): Promise<boolean> {
    const { store, clock } = this.#options
    const record = await store.ofPerson(personId)
    const nowMs = clock.nowMs()
    if (record !== undefined) await store.change(record.subscription.id, { nowMs }, ({ subscription }) => next(subscription, { type: 'leave' }, nowMs))
    await this.work()
    return !(await store.hasOpen(personId))
  }

  /** Another card for all charges from now on; one that waits to be tried again is tried at once. Throws `not-subscribed`, `card-declined` when that failed: it is her card all the same. */
  async changeCard(personId: Id<'pers'>, card: Card): Promise<void> {
    const { subscription } = await this.#ofPerson(personId)
    const { store, clock } = this.#options
    await store.change(subscription.id, { nowMs: clock.nowMs() }, (record) => ({ ...next(record.subscription, { type: 'card-changed' }, clock.nowMs()), set: { card } }))
    await this.work()
    await this.#refuseDeclined(subscription)
  }

  /** Tries a charge that failed again at once, with the card she has. Throws `subscription-state` while none waits to be tried again. */
  async chargeAgain(id: Id<'subs'>): Promise<void> {
    const { store, clock } = this.#options
    const nowMs = clock.nowMs()
    await store.change(id, { nowMs }, ({ subscription }) => next(subscription, { type: 'charge-again' }, nowMs))
    await this.work()
  }

  async changePolicy(personId: Id<'pers'>, policy: SharingPolicy): Promise<void> {
    const { subscription } = await this.#ofPerson(personId)
    const { store, clock } = this.#options
    await store.change(subscription.id, { nowMs: clock.nowMs() }, (record) => ({ subscription: record.subscription, effects: [], set: { policy } }))
  }

  /** How the budget would be shared if the period ended now. */
  async preview(personId: Id<'pers'>, policy?: SharingPolicy): Promise<Preview> {
    const record = await this.#ofPerson(personId)
    const { plan } = record.subscription
    const { rest, shared, attention, nowMs } = await this.#sharing(record, policy ?? record.policy)
    if (plan.pool === 'none') return { rest, ...shared, pool: undefined }
    const pool = await this.#pools.preview({ id: plan.id, rule: plan.pool }, { rest, attention, nowMs })
    const shares = plan.pool === 'pro-rata' ? pool.proRata : pool.userCentric
    return { rest, shares, rolledOver: shares.length === 0 ? rest : 0n, pool }
  }

  /** The provider's reference of a charge that she must confirm. */
  async waitsForHer(id: Id<'subs'>): Promise<string | undefined> {
    return (await this.#options.store.charges(id, 1)).find(({ status }) => status === 'authentication')?.reference ?? undefined
  }

  /** What a provider reports of a charge, as often as it likes and in any order. Throws `charge-unknown`. @param outcome `refundedTo`: units that were given back of it in all so far */
  async reported(provider: string, reference: string, outcome: Reported): Promise<void> {
    await this.#learn(provider, reference, outcome)
    await this.work()
  }

  async #learn(provider: string, reference: string, outcome: Reported): Promise<void> {
    const { store, clock } = this.#options
    const charge = await store.chargeBy(provider, reference)
    if (charge === undefined) throw new FundingFault('charge-unknown', `no charge is called ${reference.slice(0, 80)} at ${provider}`)
    const nowMs = clock.nowMs()
    await store.change(charge.subscriptionId, { nowMs }, (record, chargeNow) => afterReport(record, { key: charge.key, now: chargeNow(charge.key) }, outcome, nowMs))
  }

  /** What was asked for by the charge that a provider calls `reference`. */
  async chargeAt(provider: string, reference: string): Promise<{ readonly amount: bigint; readonly asset: Asset } | undefined> {
    const { store } = this.#options
    const found = await store.chargeBy(provider, reference)
    const [charge, record] = found === undefined ? [] : await Promise.all([store.chargeOf(found.key), store.byId(found.subscriptionId)])
    return charge === undefined || record === undefined ? undefined : { amount: charge.amount, asset: record.subscription.plan.asset }
  }

  /** Whether a charge of ours waits to be told that the provider calls it `reference`; `another`: it is called otherwise already. */
  async awaits(provider: string, key: string, reference: string): Promise<'yes' | 'no' | 'another'> {
    const charge = await this.#options.store.chargeOf(key)
    if (charge === undefined || charge.provider !== provider) return 'no'
    // It may have been told between two looks.
    if (charge.status === 'asked' || charge.reference === reference) return 'yes'
    return 'another'
  }

  /** What a provider says that it kept of a charge, units: booked once, in place of what a tariff would say. */
  async feeIs(provider: string, reference: string, { fee, asset }: { readonly fee: bigint; readonly asset: Asset }): Promise<void> {
    const { ledger, store } = this.#options
    const told = await store.setProviderFee(provider, reference, fee)
    if (told === undefined || told.fee === 0n) return
    const [costs, from] = await Promise.all([this.#costs(provider, asset), this.#psp(provider, asset)])
    await ledger.transfer({ key: `cost:${told.key}`, debitAccountId: costs.id, creditAccountId: from.id, amount: told.fee, reason: 'provider-fee' })
  }

  /** Gives a payment back whole, which ends its subscription. Throws `charge-unknown`, `charge-disputed` while her bank has it, `provider-away`. */
  async refund(chargeKey: string): Promise<void> {
    const charge = await this.#giveBackAtProvider(chargeKey)
    await this.reported(charge.provider, charge.reference, 'refunded')
  }

  async #giveBackAtProvider(chargeKey: string): Promise<{ readonly provider: string; readonly reference: string }> {
    const charge = await this.#options.store.chargeOf(chargeKey)
    const provider = charge === undefined ? undefined : this.#providers.get(charge.provider)
    if (charge?.status === 'disputed') throw new FundingFault('charge-disputed', 'her bank has taken this payment back: it can be given back only if the dispute is won')
    if (charge === undefined || provider === undefined || charge.reference === null || (charge.status !== 'succeeded' && charge.status !== 'refunded')) throw new FundingFault('charge-unknown', 'there is no payment to give back')
    await provider.refund(charge.reference)
    return { provider: charge.provider, reference: charge.reference }
  }

  /** Does now what is due, and what it brings, after what is under way already; who asks while another waits for that gets the same turn. Also runs by itself. */
  work(): Promise<void> {
    this.#waiting ??= this.#working.catch(() => undefined).then(() => {
      this.#waiting = undefined
      return this.#work()
    })
    this.#working = this.#waiting
    return this.#waiting
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
    this.#stopping = true
    await this.#working.catch(() => undefined)
  }

  /** Throws `card-declined` when what was charged since has failed: she sees it where she asked for it. */
  async #refuseDeclined({ id, charges: before }: Subscription): Promise<void> {
    const { store } = this.#options
    const now = (await store.byId(id))?.subscription
    if (now === undefined || now.charges === before) return
    if ((await store.chargeOf(`${id}/${now.charges}`))?.status === 'failed') throw new FundingFault('card-declined', 'the card was declined, and nothing was charged: try again with another card')
  }

  async #ofPerson(personId: Id<'pers'>): Promise<SubscriptionRecord> {
    const record = await this.#options.store.ofPerson(personId)
    if (record === undefined) throw new FundingFault('not-subscribed', 'there is no subscription: choose a plan first')
    return record
  }

  #tick(): void {
    this.#timer = this.#options.clock.after(workEveryMs, () => {
      watched(() => this.work(), { ...this.#options, everyMs: workEveryMs, watch: this.#options.watch })
        .catch((error: unknown) => this.#options.log.warn({ error: messageOf(error) }, 'subscriptions wait for the database'))
        .finally(() => this.#tick())
        .catch(() => undefined)
    }, { background: true })
  }

  async #work(): Promise<void> {
    for (let round = 0; round < roundsMax && !this.#stopping; round += 1) if (!(await this.#round())) return
  }

  /** Whether there was anything to do. */
  async #round(): Promise<boolean> {
    const { store, clock } = this.#options
    await this.#hearNews()
    const due = await store.due(clock.nowMs(), dueMax)
    const frozen = await this.#frozenAmong(due.map(({ personId }) => personId))
    // Each belongs to another subscription, here and below: the ledger writes what several ask for at once in one go.
    await Promise.all(due.map(({ id, personId }) => {
      const nowMs = clock.nowMs()
      return store.change(id, { nowMs }, ({ subscription }) => next(subscription, { type: 'time', frozen: frozen.has(personId) }, nowMs))
    }))
    const open = await store.openEffects(clock.nowMs(), effectsMax)
    await Promise.all(open.map((effect) => this.#attempt(effect)))
    return (await this.#closePools()) || due.length + open.length > 0
  }

  /** What providers without webhooks have to tell. */
  async #hearNews(): Promise<void> {
    for (const { name, news } of this.#providers.values()) {
      if (news === undefined) continue
      const nowMs = this.#options.clock.nowMs()
      for (const one of await news.due(nowMs)) {
        await this.#learn(name, one.reference, { disputed: one.disputed, won: one.won })
        await news.told(one, nowMs)
      }
    }
  }

  async #frozenAmong(ids: readonly Id<'pers'>[]): Promise<ReadonlySet<string>> {
    return ids.length === 0 ? new Set<string>() : ((await this.#options.frozenAmong?.(ids)) ?? new Set<string>())
  }

  /** A pot that cannot be divided now waits; everything else goes on. */
  async #closePools(): Promise<boolean> {
    const { clock, log } = this.#options
    try {
      return await this.#pools.closeDue(clock.nowMs())
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the pot of a pooled plan could not be divided and is tried again')
      return false
    }
  }

  async #attempt(open: OpenEffect): Promise<void> {
    const { store, clock, log } = this.#options
    try {
      await this.#perform(open)
    } catch (error) {
      const pauseMs = Math.min(pauseMsMin * 2 ** Math.min(open.attempts, 20), pauseMsMax)
      log.warn({ subscription: open.record.subscription.id, effect: open.effect.type, attempts: open.attempts + 1, pauseMs, error: messageOf(error) }, 'a step of a subscription failed and is tried again')
      await store.postpone(open, clock.nowMs() + pauseMs, messageOf(error))
    }
  }

  #perform(open: OpenEffect): Promise<void> {
    const { effect } = open
    switch (effect.type) {
      case 'charge':
        return this.#charge(open, effect)
      case 'fund':
        return this.#fund(open, effect)
      case 'share':
        return this.#share(open, effect)
      case 'abandon':
        return this.#abandon(open, effect.key)
      case 'dispute':
        return this.#takeBack(open, { key: effect.key, until: effect.to, as: 'dispute', wonBefore: effect.wonBefore })
      case 'dispute-won':
        return this.#winBack(open, effect)
      case 'dispute-beyond':
        return this.#disputeBeyond(open, effect)
      case 'dispute-cost':
        return this.#disputeCost(open, effect)
      case 'give-back':
        return this.#giveBack(open, effect.key)
      case 'refund':
        return this.#takeBack(open, { key: effect.key, until: effect.to, as: 'refund', wonBefore: 0 })
      case 'share-returned':
        return this.#shareReturned(open, effect)
      case 'tell':
        return this.#tell(open, effect.what)
    }
  }

  /** The mail is written with the mark that it is done: once. */
  async #tell({ record, number }: OpenEffect, what: Extract<SubscriptionEffect, { type: 'tell' }>['what']): Promise<void> {
    const { store, clock, mails, readerOf } = this.#options
    const { id } = record.subscription
    const [reader, paid] = await Promise.all([readerOf(record.personId), store.lastPaid(id)])
    await store.change(id, { nowMs: clock.nowMs(), completes: number }, (now) => {
      const mail = reader === undefined ? undefined : mailOf(now, reader, { key: `tell/${id}/${number}`, what, paid })
      return { subscription: now.subscription, effects: [], ...(mail !== undefined && { also: (transaction) => mails.write(transaction, mail) }) }
    })
  }

  async #charge(open: OpenEffect, { key, amount }: Extract<SubscriptionEffect, { type: 'charge' }>): Promise<void> {
    const { store, clock } = this.#options
    const { record, number, createdMs } = open
    const { subscription, card, provider: name } = record
    const provider = this.#providers.get(name)
    if (provider === undefined) throw new Fault('provider-unknown', `no provider is called ${name}: configure it again`)
    // Frozen after it was decided to charge her: it waits until that is taken back.
    // What was asked for before it ended may have reached the provider: only the answer tells, and what succeeded is given back.
    if (subscription.status !== 'ended' && (await this.#frozenAmong([record.personId])).size > 0) return store.postpone(open, clock.nowMs() + frozenPauseMs)
    const present = subscription.status === 'starting' || subscription.charging?.kind === 'upgrade'
    const outcome = await provider.charge({ key, card, amount, asset: subscription.plan.asset, present, askedAgoMs: clock.nowMs() - createdMs })
    const nowMs = clock.nowMs()
    await store.change(subscription.id, { nowMs, completes: number }, (now) => ({ ...afterCharge(now, outcome, nowMs), charge: { key, ...outcome } }))
  }

  /** The price is split into VAT, fee and budget. A trial is the operator's gift. */
  async #fund({ record, number }: OpenEffect, { key, price, plan, source }: Extract<SubscriptionEffect, { type: 'fund' }>): Promise<void> {
    const { ledger, store, clock, invoiceTerms } = this.#options
    const { vat, fee, budget } = source === 'trial' ? { vat: 0n, fee: 0n, budget: partsOf(plan, invoiceTerms.vatBasisPoints).budget } : partsOf({ ...plan, price }, invoiceTerms.vatBasisPoints)
    const from = source === 'trial' ? await this.#house('fee.trial', plan.asset) : await this.#psp(record.provider, plan.asset)
    const cost = source === 'trial' ? 0n : (this.#options.costOf?.(record.provider, price) ?? 0n)
    const transfers: TransferSpec[] = []
    if (budget > 0n) transfers.push({ key: `fund:${key}`, debitAccountId: from.id, creditAccountId: record.accountId, amount: budget, reason: source === 'trial' ? 'trial' : 'subscription' })
    if (fee > 0n) transfers.push({ key: `fee:${key}`, debitAccountId: from.id, creditAccountId: (await this.#house('fee.subscription', plan.asset)).id, amount: fee, reason: 'subscription-fee' })
    if (vat > 0n) transfers.push({ key: `vat:${key}`, debitAccountId: from.id, creditAccountId: (await this.#house('vat', plan.asset)).id, amount: vat, reason: 'vat' })
    if (cost > 0n) transfers.push({ key: `cost:${key}`, debitAccountId: (await this.#costs(record.provider, plan.asset)).id, creditAccountId: from.id, amount: cost, reason: 'provider-fee' })
    await ledger.transferAll(transfers)
    const nowMs = clock.nowMs()
    const reader = source === 'trial' ? undefined : await this.#options.readerOf(record.personId)
    await store.change(record.subscription.id, { nowMs, completes: number }, (now) => ({
      subscription: now.subscription,
      effects: [],
      set: { funded: now.funded + budget },
      ...(source === 'charge' && {
        invoice: {
          kind: 'invoice', personId: now.personId, chargeKey: key, issuedMs: nowMs,
          content: {
            terms: invoiceTerms, buyer: { name: reader?.name ?? '', email: reader?.email ?? '' }, plan: plan.name, ...paidFor(now.subscription, price === plan.price ? undefined : nowMs), asset: plan.asset, total: price, fee, vat,
            paidMs: nowMs, card: { brand: now.card.brand, lastFour: now.card.lastFour }, corrects: undefined,
          },
        },
      }),
    }))
  }

  /**
   * First the statement is durable, then its sum leaves her account in one transfer and with it everybody's share the clearing account, then the period is closed. Whatever falls
   * between two of these steps is done again with the same numbers.
   */
  async #share({ record, number }: OpenEffect, { period, plan }: Extract<SubscriptionEffect, { type: 'share' }>): Promise<void> {
    const { ledger, store, clock } = this.#options
    const { id } = record.subscription
    const clearing = await this.#house('sharing', plan.asset)
    let statement = await store.statement(id, period)
    if (statement === undefined) {
      const { rest, shared, attention, counted, nowMs } = await this.#sharing(record, record.policy)
      const reads = attention.filter(({ seconds }) => seconds > 0).map(({ payee, seconds }) => ({ payee, seconds }))
      // Who read nobody keeps her budget in a pooled plan too.
      const [pooled, taken] = plan.pool === 'none' ? [undefined, shared] : rest > 0n && reads.length > 0 ? [reads, { shares: [], rolledOver: 0n }] : [undefined, { shares: [], rolledOver: rest }]
      await store.change(id, { nowMs }, ({ subscription, policy, periodBegunMs }) => ({ subscription, effects: [], statement: { period, begunMs: periodBegunMs, policy, rest, shared: taken, counted, pooled } }))
      statement = await store.statement(id, period)
      if (statement === undefined) throw new Fault('statement-missing', `the statement of ${id} for period ${period} was not written`)
    }
    const { pooled, poolAttention } = statement
    const [leaves, to, reason]: readonly [bigint, Pick<Account, 'id'>, TransferReason] = pooled > 0n ? [pooled, await this.#pools.account(plan.id, plan.asset), 'pooling'] : [statement.shares.reduce((sum, { amount }) => sum + amount, 0n), clearing, 'sharing']
    const transfers: TransferSpec[] = leaves > 0n ? [{ key: `share:${id}/${period}`, debitAccountId: record.accountId, creditAccountId: to.id, amount: leaves, reason }] : []
    const gone: string[] = []
    for (const { id: payee, amount } of statement.shares) {
      const creditAccountId = await this.#options.accountOf(payee)
      if (creditAccountId === undefined) gone.push(payee)
      else transfers.push({ key: `share:${id}/${period}/${payee}`, debitAccountId: clearing.id, creditAccountId, amount, reason: 'share' })
    }
    try {
      for (let first = 0; first < transfers.length; first += transfersAtOnceMax) await ledger.transferAll(transfers.slice(first, first + transfersAtOnceMax))
    } catch (error) {
      // She spent some of it since the statement was made, and nothing has moved yet: a new statement.
      if (error instanceof Fault && error.code === 'funds-insufficient') await store.dropStatement(id, period)
      throw error
    }
    if (gone.length > 0) throw new Fault('payee-gone', `${gone.join(', ')} cannot be credited any more`)
    const { rest, rolledOver, endedMs, counted } = statement
    const { pending } = await ledger.balance(record.accountId)
    const nowMs = clock.nowMs()
    await store.change(id, { nowMs, completes: number }, ({ subscription, funded, carried }) => {
      // What open streams hold at this moment stays hers. The rest of what was not shared she has spent.
      const left = funded + carried - rest
      const held = left < pending ? left : pending
      return { subscription, effects: [], set: { funded: 0n, carried: rolledOver + (held > 0n ? held : 0n), periodBegunMs: endedMs, counted },
        ...(pooled > 0n && { also: (transaction) => store.pools.enter(transaction, { subscriptionId: id, period, planId: plan.id, months: monthsAt(nowMs), budget: pooled, attention: poolAttention }) }) }
    })
  }

  /** She may confirm at the last moment: what the provider says then is what counts. */
  async #abandon({ record, number }: OpenEffect, key: string): Promise<void> {
    const { store, clock } = this.#options
    const charge = await store.chargeOf(key)
    const provider = charge === undefined ? undefined : this.#providers.get(charge.provider)
    if (charge === undefined || charge.reference === null || provider === undefined) throw new Fault('provider-unknown', 'the provider of a charge that waits is not configured')
    const outcome = charge.status === 'authentication' ? await provider.abandon(charge.reference) : undefined
    const nowMs = clock.nowMs()
    await store.change(record.subscription.id, { nowMs, completes: number }, (now, chargeNow) =>
      (outcome === undefined ? undefined : afterReport(now, { key, now: chargeNow(key) }, outcome, nowMs)) ?? { subscription: now.subscription, effects: [] })
  }

  /** What of today's and yesterday's attention is not the next period's. */
  async #counted(personId: Id<'pers'>, nowMs: number): Promise<readonly DayAttention[]> {
    return countedUntil(await this.#options.attentionOf(personId, dayBefore(nowMs), dayOf(nowMs)), nowMs)
  }

  /** The provider takes the same question twice for one; its own report may be quicker than our mark. What her bank has taken back already is not given back a second time. */
  async #giveBack({ record, number }: OpenEffect, key: string): Promise<void> {
    const { store, clock } = this.#options
    let given = true
    try {
      await this.#giveBackAtProvider(key)
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'charge-disputed') throw error
      given = false
    }
    const nowMs = clock.nowMs()
    await store.change(record.subscription.id, { nowMs, completes: number }, (now, chargeNow) =>
      (given ? afterReport(now, { key, now: chargeNow(key) }, 'refunded', nowMs) : undefined) ?? { subscription: now.subscription, effects: [] })
  }

  /** A payment leaves the books, whole or in part: what is left of the budget pays its part, the fee and the VAT theirs; what she has spent is the operator's loss. */
  async #takeBack({ record, number }: OpenEffect, { key, until: given, as, wonBefore }: { readonly key: string; readonly until: bigint | undefined; readonly as: 'refund' | 'dispute'; readonly wonBefore: number }): Promise<void> {
    const { ledger, store, clock, invoices } = this.#options
    const { asset } = record.subscription.plan
    const [charge, invoice, latest, balance] = await Promise.all([store.chargeOf(key), invoices.ofCharge(key), invoices.lastOf(key, 'invoice'), ledger.balance(record.accountId)])
    if (charge === undefined || invoice === undefined || latest === undefined) throw new Fault('invoice-missing', `the payment ${key} has no invoice yet`)
    const { content } = invoice
    const until = given ?? content.total
    const before = await store.takenBackBefore(key, until)
    const { vat, fee, budget } = partOf(content, { before, amount: until - before })
    const rest = spendable(balance, record)
    const fromBudget = rest < budget ? rest : budget
    const parts = await store.fixRefund(key, until, { fromBudget, fromFee: fee, fromVat: vat, fromLoss: budget - fromBudget })
    const psp = await this.#psp(charge.provider, asset)
    const suffix = backSuffix({ to: until === content.total ? undefined : until, wonBefore })
    const take = async (name: Taken<'refund' | 'dispute'>, from: () => Promise<Id<'acct'>>, amount: bigint): Promise<void> => {
      if (amount > 0n) await ledger.transfer({ key: `${name}:${key}${suffix}`, debitAccountId: await from(), creditAccountId: psp.id, amount, reason: name })
    }
    try {
      await take(as, () => Promise.resolve(record.accountId), parts.fromBudget)
    } catch (error) {
      // She spent some of it since the parts were fixed, and nothing has moved yet.
      if (error instanceof Fault && error.code === 'funds-insufficient') await store.dropRefund(key, until)
      throw error
    }
    await take(`${as}-fee`, async () => (await this.#house('fee.subscription', asset)).id, parts.fromFee)
    await take(`${as}-vat`, async () => (await this.#house('vat', asset)).id, parts.fromVat)
    await take(`${as}-loss`, async () => (await this.#account({ name: 'loss@wallet', kind: 'loss', asset, debitsMayExceedCredits: true })).id, parts.fromLoss)
    const after = await ledger.balance(record.accountId)
    const nowMs = clock.nowMs()
    await store.change(record.subscription.id, { nowMs, completes: number }, (now) => {
      // What she carried over goes first: the rest of a running period is shared as before.
      const fromCarried = parts.fromBudget < now.carried ? parts.fromBudget : now.carried
      const fromFunded = parts.fromBudget - fromCarried
      const left = { carried: now.carried - fromCarried, funded: fromFunded < now.funded ? now.funded - fromFunded : 0n }
      return {
        subscription: now.subscription,
        effects: [],
        // Once it has ended, its budget is what is there: what she had spent of it may be another plan's when a dispute is won.
        set: now.subscription.status === 'ended' ? { carried: 0n, funded: spendable(after, left) } : left,
        invoice: { kind: 'credit-note', personId: now.personId, chargeKey: key, issuedMs: nowMs, content: { ...content, total: until - before, fee, vat, corrects: invoiceName(latest), ...(until - before < content.total && { part: true }) } },
      }
    })
  }

  /** Each part of a payment that her bank had taken back returns to where it was taken from. A new invoice stands for the one that was taken back. */
  async #winBack({ record, number }: OpenEffect, { key, wonBefore, to }: Extract<SubscriptionEffect, { type: 'dispute-won' }>): Promise<void> {
    const { ledger, store, clock, invoices } = this.#options
    const { asset } = record.subscription.plan
    const [charge, invoice, note] = await Promise.all([store.chargeOf(key), invoices.ofCharge(key), invoices.lastOf(key, 'credit-note')])
    if (charge === undefined || invoice === undefined || note === undefined) throw new Fault('invoice-missing', `the payment ${key} has no credit note yet`)
    const until = to ?? invoice.content.total
    const parts = await store.refundOf(key, until)
    if (parts === undefined) throw new Fault('refund-missing', `nothing of the payment ${key} was taken back`)
    const psp = await this.#psp(charge.provider, asset)
    const give = async (part: '' | '-fee' | '-vat' | '-loss', back: () => Promise<Id<'acct'>>, amount: bigint): Promise<void> => {
      if (amount > 0n) await ledger.transfer({ key: `dispute-won${part}:${key}${backSuffix({ to, wonBefore })}`, debitAccountId: psp.id, creditAccountId: await back(), amount, reason: `dispute-won${part}` })
    }
    await give('', () => Promise.resolve(record.accountId), parts.fromBudget)
    await give('-fee', async () => (await this.#house('fee.subscription', asset)).id, parts.fromFee)
    await give('-vat', async () => (await this.#house('vat', asset)).id, parts.fromVat)
    await give('-loss', async () => (await this.#account({ name: 'loss@wallet', kind: 'loss', asset, debitsMayExceedCredits: true })).id, parts.fromLoss)
    const nowMs = clock.nowMs()
    const { corrects: _corrected, part: _part, ...content } = note.content
    await store.change(record.subscription.id, { nowMs, completes: number }, (now) => ({
      subscription: now.subscription,
      effects: [],
      set: { funded: now.funded + parts.fromBudget },
      invoice: { kind: 'invoice', personId: now.personId, chargeKey: key, issuedMs: nowMs, content: { ...content, corrects: invoiceName(note) } },
      also: (transaction) => store.forgetRefund(transaction, key, until),
    }))
  }

  /** A payment that was given back in part, or whole, and then is disputed, is taken a second time. */
  async #disputeBeyond({ record, number }: OpenEffect, { key, from, to, of }: Extract<SubscriptionEffect, { type: 'dispute-beyond' }>): Promise<void> {
    const { ledger, store, clock } = this.#options
    const { asset } = record.subscription.plan
    const [loss, psp] = await Promise.all([this.#account({ name: 'loss@wallet', kind: 'loss', asset, debitsMayExceedCredits: true }), this.#psp(record.provider, asset)])
    const [debit, credit, amount, reason]: readonly [Pick<Account, 'id'>, Pick<Account, 'id'>, bigint, TransferReason] = to > from ? [loss, psp, to - from, 'dispute-beyond'] : [psp, loss, from - to, 'dispute-won-beyond']
    await ledger.transfer({ key: `${reason}:${key}${of ?? `#beyond-${number}`}`, debitAccountId: debit.id, creditAccountId: credit.id, amount, reason })
    await store.change(record.subscription.id, { nowMs: clock.nowMs(), completes: number }, ({ subscription }) => ({ subscription, effects: [] }))
  }

  /** What the provider takes for a dispute, or gives back of that. */
  async #disputeCost({ record, number }: OpenEffect, { key, from, to, entries }: Extract<SubscriptionEffect, { type: 'dispute-cost' }>): Promise<void> {
    const { ledger, store, clock } = this.#options
    const { asset } = record.subscription.plan
    const [costs, psp] = await Promise.all([this.#costs(record.provider, asset), this.#psp(record.provider, asset)])
    const [debit, credit, amount] = to > from ? [costs, psp, to - from] : [psp, costs, from - to]
    await ledger.transfer({ key: `dispute-cost:${key}#${entries}`, debitAccountId: debit.id, creditAccountId: credit.id, amount, reason: to > from ? 'dispute-cost' : 'dispute-cost-returned' })
    await store.change(record.subscription.id, { nowMs: clock.nowMs(), completes: number }, ({ subscription }) => ({ subscription, effects: [] }))
  }

  /** It joins what rolled over, and she is written to. Where she has no subscription any more it is money on her account, as what was left of her last budget is. */
  async #shareReturned({ record, number }: OpenEffect, { key, amount }: Extract<SubscriptionEffect, { type: 'share-returned' }>): Promise<void> {
    const { ledger, store, clock, mails, readerOf } = this.#options
    const { id, plan } = record.subscription
    const clearing = await this.#house('sharing', plan.asset)
    await ledger.transfer({ key: `share-returned:${key}/${id}`, debitAccountId: clearing.id, creditAccountId: record.accountId, amount, reason: 'share-returned' })
    const reader = await readerOf(record.personId)
    await store.change(id, { nowMs: clock.nowMs(), completes: number }, (now) => {
      const { subscription, carried } = now
      const mail = reader === undefined ? undefined : shareReturnedMail(now, reader, { key: `share-returned/${key}/${id}`, amount })
      return { subscription, effects: [], ...(subscription.status !== 'ended' && { set: { carried: carried + amount } }), ...(mail !== undefined && { also: (transaction) => mails.write(transaction, mail) }) }
    })
  }

  /** A share of whom nobody can credit rolls over. */
  async #sharing(record: SubscriptionRecord, policy: SharingPolicy): Promise<{ readonly rest: bigint; readonly shared: Shared; readonly attention: readonly Attention[]; readonly counted: readonly DayAttention[]; readonly nowMs: number }> {
    const { ledger, clock, attentionOf } = this.#options
    const { periodBegunMs, personId } = record
    const nowMs = clock.nowMs()
    const [balance, days] = await Promise.all([ledger.balance(record.accountId), attentionOf(personId, record.counted === undefined ? dayOf(periodBegunMs) : dayBefore(periodBegunMs), dayOf(nowMs))])
    const attention = attentionIn(days, record.counted ?? [])
    const payees = new Set([...attention.map(({ payee }) => payee), ...(policy.kind === 'pinned' ? policy.pins.map(({ payee }) => payee) : policy.kind === 'cause' ? [policy.payee] : [])])
    const creditable = await this.#creditable([...payees])
    const rest = spendable(balance, record)
    const wanted = share(rest, policy, attention)
    const shares = wanted.shares.filter(({ id }) => creditable.has(id))
    return { rest, shared: { shares, rolledOver: rest - shares.reduce((sum, { amount }) => sum + amount, 0n) }, attention: attention.filter(({ payee }) => creditable.has(payee)), counted: countedUntil(days, nowMs), nowMs }
  }

  async #creditable(payees: readonly string[]): Promise<ReadonlySet<string>> {
    const { creditable, accountOf } = this.#options
    if (creditable !== undefined) return creditable(payees)
    const accounts = await Promise.all(payees.map(accountOf))
    return new Set(payees.filter((_payee, index) => accounts[index] !== undefined))
  }

  #psp(provider: string, asset: Asset): Promise<Pick<Account, 'id'>> {
    return this.#account({ name: `psp[${provider}]`, kind: 'psp', asset, debitsMayExceedCredits: true })
  }

  /** An account is what it was opened as for ever. */
  #account(spec: AccountSpec): Promise<Pick<Account, 'id'>> {
    const key = `${spec.name} ${spec.asset.code}/${spec.asset.scale}`
    const known = this.#accounts.get(key)
    if (known !== undefined) return known
    const opening = this.#options.ledger.openAccount(spec)
    if (this.#accounts.size >= accountsKnownMax) this.#accounts.clear()
    this.#accounts.set(key, opening)
    opening.catch(() => this.#accounts.delete(key))
    return opening
  }

  #costs(provider: string, asset: Asset): Promise<Pick<Account, 'id'>> {
    return this.#account({ name: `cost[${provider}]`, kind: 'fee', asset, debitsMayExceedCredits: true })
  }

  #house(name: 'fee.subscription' | 'fee.trial' | 'sharing' | 'vat', asset: Asset): Promise<Pick<Account, 'id'>> {
    // VAT is handed over before a payment of the same month may be taken back.
    return this.#account({ name: `${name}`, kind: 'fee', asset, debitsMayExceedCredits: name !== 'sharing' })
  }
}

/** Tells the ledger keys of what was taken back of a charge at several times apart: up to how much in all, unless the whole, and after how many disputes that were won. */
function backSuffix({ to, wonBefore }: { readonly to: bigint | undefined; readonly wonBefore: number }): string {
  return `${to === undefined ? '' : `#${to}`}${wonBefore === 0 ? '' : `#won-${wonBefore}`}`
}

/** What of her balance is this subscription's: money that came to her otherwise is never shared. */
function spendable({ posted, pending }: Balance, { funded, carried }: Pick<SubscriptionRecord, 'funded' | 'carried'>): bigint {
  const available = posted > pending ? posted - pending : 0n
  const budget = funded + carried
  return available < budget ? available : budget
}

function afterCharge({ subscription }: SubscriptionRecord, outcome: ChargeOutcome, nowMs: number): Step {
  switch (outcome.status) {
    case 'succeeded':
      return next(subscription, { type: 'charged' }, nowMs)
    case 'failed':
      return next(subscription, { type: 'charge-failed', final: outcome.final }, nowMs)
    case 'authentication':
      return next(subscription, { type: 'waits' }, nowMs)
  }
}

/** What a report of a provider changes, under the lock of the subscription; undefined for what is known already. */
function afterReport({ subscription }: SubscriptionRecord, { key, now }: { readonly key: string; readonly now: ChargeNow | undefined }, outcome: Reported, nowMs: number): (Step & { readonly charge: ChargeChange }) | undefined {
  if (now === undefined) return undefined
  if (typeof outcome === 'object' && 'won' in outcome) return afterDisputes(subscription, { key, now }, outcome, nowMs)
  if (typeof outcome === 'object' && outcome.refundedTo < now.amount) {
    const { refundedTo: to } = outcome
    return now.status === 'succeeded' && to > now.refunded ? { ...next(subscription, { type: 'refunded-part', key, to }, nowMs), charge: { key, status: 'succeeded', refunded: to } } : undefined
  }
  if (outcome === 'succeeded' || outcome === 'failed') {
    return now.status === 'authentication' ? { ...next(subscription, outcome === 'succeeded' ? { type: 'charged' } : { type: 'charge-failed', final: false }, nowMs), charge: { key, status: outcome } } : undefined
  }
  if (now.status !== 'succeeded') return undefined
  return { ...next(subscription, { type: 'refunded', key }, nowMs), charge: { key, status: 'refunded', refunded: now.amount } }
}

/** How the disputes of a charge stand now. What a dispute takes is what was left of the charge, as far as it goes; what the provider's books show beyond that, since it had been given back before, is a loss as long as they show it. */
function afterDisputes(subscription: Subscription, { key, now }: { readonly key: string; readonly now: ChargeNow }, { disputed, won, books }: DisputeState, nowMs: number): (Step & { readonly charge: ChargeChange }) | undefined {
  const { amount, refunded, disputes: before } = now
  // Whoever knows of fewer disputes that were won, or of fewer entries, tells old news.
  if (now.status === 'asked' || now.status === 'authentication' || won < before.won || (books !== undefined && books.entries < before.entries)) return undefined
  let step: Step = { subscription, effects: [] }
  const happens = (event: SubscriptionEvent): void => {
    const { subscription: after, effects } = next(step.subscription, event, nowMs)
    step = { subscription: after, effects: [...step.effects, ...effects] }
  }
  let { status } = now
  let { to } = before
  let of: string | undefined
  if (status === 'disputed' && won > before.won) {
    happens({ type: 'dispute-won', key, wonBefore: before.won, to })
    of = backSuffix({ to, wonBefore: before.won })
    ;[status, to] = ['succeeded', undefined]
  }
  const begins = status === 'succeeded' && disputed
  if (begins) {
    to = books === undefined || refunded + books.taken >= amount ? undefined : refunded + books.taken
    happens({ type: 'disputed', key, wonBefore: won, to })
    of = backSuffix({ to, wonBefore: won })
    status = 'disputed'
  }
  const beyond = books === undefined ? before.beyond : status === 'disputed' ? (books.refunded > refunded ? books.refunded : refunded) + books.taken - (to ?? amount) : books.taken
  const [cost, entries] = books === undefined || books.entries === before.entries ? [before.cost, before.entries] : [books.cost, books.entries]
  const effects: readonly SubscriptionEffect[] = [
    ...step.effects,
    // One line of the provider's statement is one movement of the books.
    ...(beyond === before.beyond ? [] : [{ type: 'dispute-beyond' as const, key, from: before.beyond, to: beyond, ...(begins === beyond > before.beyond && of !== undefined && { of }) }]),
    ...(cost === before.cost ? [] : [{ type: 'dispute-cost' as const, key, from: before.cost, to: cost, entries }]),
  ]
  return effects.length === 0 && won === before.won && entries === before.entries ? undefined : { subscription: step.subscription, effects, charge: { key, status, disputes: { won, to, beyond, cost, entries, begins } } }
}
