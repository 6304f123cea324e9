/** Payouts at work: transitions are written with what they ask for, which is then done, in order, each step safe to do twice. */
import { assertNever, isFault, messageOf } from '@rivulet/faults'
import type { Action } from '@rivulet/audit'
import { type Id, newId, type Seal } from '@rivulet/ids'
import type { Account, Counters, Ledger, TransferReason } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { OwnMoney } from '@rivulet/receiver'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import { nextDue } from './calendar.ts'
import { type Destination, parseDestination, shownDestination } from './destination.ts'
import { PayoutFault } from './fault.ts'
import { giveUpInTime } from './giving-up.ts'
import { type Actor, begin, netOf, next, type PayoutEvent, type RailName } from './payout.ts'
import type { Method, OpenEffect, PayoutRecord, PayoutStore, Schedule } from './payout-store.ts'
import { RailRefusal, type SendingRail } from './rails/rail.ts'
import { sharedBy } from './gathering-name.ts'
import { approvalsFor, countedFromMs, type PayoutPrice, type PayoutTerms, priceOf, wholeOf } from './terms.ts'

export interface PayoutsOptions {
  readonly store: PayoutStore
  readonly ledger: Pick<Ledger, 'openAccount' | 'transfer' | 'account'>
  /** What a payout may take: never what a split owes to others. */
  readonly own: Pick<OwnMoney, 'of'>
  readonly clock: Clock
  readonly log: { warn(about: object, message: string): void; error(about: object, message: string): void }
  /** Of where money goes. */
  readonly seal: Seal
  readonly terms: PayoutTerms
  /** Who of these publishers the operator has frozen: their payouts wait. */
  readonly frozenAmong: (ids: readonly Id<'pers'>[]) => Promise<ReadonlySet<string>>
  /** Ways that may be chosen. */
  readonly offered: readonly RailName[]
  /** Whether this process takes up every few seconds what is due. */
  readonly background: boolean
  /** Empties the account of a wallet address elsewhere that is given up: its money goes back to who shared it. Safe to do again. */
  readonly giveBack?: (accountId: Id<'acct'>) => Promise<unknown>
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
  /** The account at Stripe that a publisher has opened from here: the only one that she is paid to. */
  readonly stripeAccountOf?: (personId: Id<'pers'>) => Promise<string | undefined>
  /** With whose eyes operators look who were invited lately: everybody with her own unless told. */
  readonly eyes?: () => Promise<ReadonlyMap<string, string>>
  /** Tells the publisher; called at least once for each news. */
  readonly tell?: (record: PayoutRecord, what: 'sent' | 'settled' | 'failed' | 'returned') => Promise<void>
  /** Tells somebody that her payouts go elsewhere from now on. */
  readonly tellMoved?: (method: Pick<Method, 'personId' | 'accountId' | 'shown'>) => Promise<void>
}

/** Whose money it is. */
export interface Payee {
  readonly personId: Id<'pers'>
  readonly accountId: Id<'acct'>
  readonly asset: Asset
}

export interface PayoutRequest {
  readonly payee: Payee
  /** Units, fee included; `all` for what there is. */
  readonly amount: bigint | 'all'
  /** Names this request for ever: asked twice, paid once. */
  readonly key: string
  readonly by: Actor
  /** Of the operator who asks, to be written down. */
  readonly action?: Action
}

const workEveryMs = 5_000
const leaseMs = 60_000
const effectsMax = 100
const dueMax = 200
const pauseMsMin = 1_000
const pauseMsMax = 3_600_000
const checkPauseMsMax = 60_000
/** Some hours of pauses: what could not even be prepared by then fails, and nothing has left. */
const preparationsMax = 20
const roundsMax = 50
/** How often an approved payout looks whether its publisher is still frozen. */
const frozenPauseMs = 30_000
const looksMax = 20
/** As no account ever is: what is booked by it was booked before. */
const nothingMore: Counters = { debitsPending: -1n, debitsPosted: -1n, creditsPosted: -1n }

export class Payouts implements AsyncDisposable {
  readonly #options: PayoutsOptions
  /** Those that this process can send by without a person. */
  readonly #rails = new Map<RailName, SendingRail>()
  #timer: Timer | undefined
  #working: Promise<void> = Promise.resolve()
  #stopping = false

  /** With `background` it takes up what is due, or was left open by another process, every few seconds. */
  constructor(options: PayoutsOptions) {
    this.#options = options
    if (options.background) this.#tick()
  }

  /** From now on this process sends by this rail. */
  sendBy(rail: SendingRail): void {
    this.#rails.set(rail.name, rail)
  }

  get terms(): PayoutTerms {
    return this.#options.terms
  }

  get offered(): readonly RailName[] {
    return this.#options.offered
  }

  /** Units that can be paid out now: posted, not held for anything, and no part of anybody else. */
  async available(accountId: Id<'acct'>): Promise<bigint> {
    return (await this.#options.own.of(accountId)).amount
  }

  method(accountId: Id<'acct'>): Promise<Method | undefined> {
    return this.#options.store.method(accountId)
  }

  /** How a publisher is paid out from now on, and when by itself. Throws `destination-invalid`, `iban-invalid`, `rail-unknown`, `amount-invalid`, `asset-unsupported`. */
  async setMethod({ personId, accountId, asset }: Payee, given: { readonly destination: unknown; readonly schedule: Schedule; readonly threshold: bigint }): Promise<Method> {
    const { store, seal, clock, terms, offered } = this.#options
    const destination = parseDestination(isStripe(given.destination) ? await this.#ownStripe(personId, given.destination) : given.destination)
    if (!offered.includes(destination.rail)) throw new PayoutFault('rail-unknown', `this installation pays out by ${offered.join(', ')}`)
    requireAsset(asset, terms.asset)
    if (given.schedule !== 'none' && given.threshold < terms.minimum) throw new PayoutFault('amount-too-small', 'the threshold must be at least the smallest payout')
    const method: Omit<Method, 'givenUpMs'> = {
      accountId, personId, rail: destination.rail, destination: sealed(seal, destination, accountId), shown: shownDestination(destination), schedule: given.schedule, threshold: given.threshold,
      dueMs: nextDue(given.schedule, clock.nowMs()),
    }
    const before = await store.method(accountId)
    await store.setMethod(method)
    const moved = before === undefined || JSON.stringify(opened(seal, before.destination, accountId)) !== JSON.stringify(destination)
    if (moved && !(await this.#gathers(accountId))) await this.#options.tellMoved?.(method)
    return { ...method, givenUpMs: undefined }
  }

  /** Fee, what arrives, and how many operators must agree when she asks for it herself. Throws `method-missing`, `amount-invalid`, `amount-too-small`, `amount-too-large`, `funds-insufficient`. */
  async quote({ accountId, asset }: Payee, amount: bigint | 'all'): Promise<PayoutPrice & { readonly rail: RailName; readonly shown: string; readonly approvalsNeeded: 0 | 1 | 2 }> {
    const { store, clock, terms } = this.#options
    requireAsset(asset, terms.asset)
    const { rail, shown } = await this.#methodOf(accountId)
    const available = await this.available(accountId)
    const price = priceOf(amount === 'all' ? wholeOf(available, rail, asset) : amount, rail, terms)
    if (price.amount > available) throw new PayoutFault('funds-insufficient', 'there is less on the account than that')
    const by = { kind: 'publisher' } as const
    const asked = await store.askedSince(accountId, countedFromMs(clock.nowMs(), by))
    return { ...price, rail, shown, approvalsNeeded: approvalsFor(asked + price.amount, by, terms) }
  }

  /** The money is set aside when it resolves, or the payout has failed. Throws what `quote` throws, `key-reused` for another amount under the same key. */
  async request({ payee, amount, key, by, action }: PayoutRequest): Promise<PayoutRecord> {
    const { store } = this.#options
    const known = await store.byKey(payee.accountId, key)
    if (known !== undefined) return this.#again(known, amount)
    await this.#refuseFrozen(payee.personId)
    const { amount: units } = await this.quote(payee, amount)
    const record = await this.#insert({ payee, amount: units, key, by, ...(action !== undefined && { action }) })
    await this.work(record.payout.id)
    return this.#again((await store.get(record.payout.id)) ?? record, amount)
  }

  /** What an operator (then with the action that is written down) or the publisher decides. Throws `payout-unknown`, `payout-state`, `approver-same`, `approver-bound`, and `person-frozen` for what would let money leave. */
  async decide(id: string, event: Exclude<PayoutEvent, { type: 'reserved' | 'refused' }>, actor: Actor, action?: Action): Promise<PayoutRecord> {
    const { store, clock, terms } = this.#options
    const known = event.type === 'approve' || event.type === 'retry' ? await store.get(id) : undefined
    if (known !== undefined) await this.#refuseFrozen(known.personId)
    const eyes = event.type === 'approve' ? await this.#options.eyes?.() : undefined
    const nowMs = clock.nowMs()
    const changed = await store.change(id as Id<'pout'>, { nowMs, action }, async ({ payout }, asked) => {
      const { amount, requestedBy } = payout
      let told: PayoutEvent = event.type === 'approve' && eyes !== undefined ? { ...event, eyes } : event
      // It is asked for anew: what failed did not count until now.
      if (event.type === 'retry') told = { ...event, approvalsNeeded: approvalsFor((await asked(countedFromMs(nowMs, actor))) + amount, requestedBy, terms) }
      const step = next(payout, told)
      return step && { step, actor }
    })
    if (changed === undefined) throw new PayoutFault('payout-unknown', 'there is no such payout')
    await this.work(changed.payout.id)
    return (await store.get(id)) ?? changed
  }

  /** Who of these publishers may be paid out nothing now. */
  frozenAmong(ids: readonly Id<'pers'>[]): Promise<ReadonlySet<string>> {
    return this.#options.frozenAmong(ids)
  }

  /** Throws `person-frozen`. */
  async #refuseFrozen(personId: Id<'pers'>): Promise<void> {
    if ((await this.#options.frozenAmong([personId])).size > 0) throw new PayoutFault('person-frozen', 'this publisher is frozen: nothing is paid out until that is taken back')
  }

  /** Throws `payout-unknown` for what does not leave by a bank. */
  async sentToBank(id: string): Promise<PayoutRecord> {
    const record = await this.#options.store.get(id)
    if (record?.payout.rail !== 'sepa') throw new PayoutFault('payout-unknown', 'there is no such payout to a bank')
    return record
  }

  /** Where it goes, in full: only for who pays it by hand, or builds a file for the bank. */
  destinationOf({ payout, destination }: PayoutRecord): Destination {
    return opened(this.#options.seal, destination, payout.id)
  }

  /** Does now what is due, of one payout if it is named, after what is under way already. Also runs by itself. */
  work(payoutId?: Id<'pout'>): Promise<void> {
    const working = this.#working.catch(() => undefined).then(() => this.#work(payoutId))
    this.#working = working
    return working
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
    this.#stopping = true
    await this.#working.catch(() => undefined)
  }

  async #methodOf(accountId: Id<'acct'>): Promise<Method> {
    const method = await this.#options.store.method(accountId)
    if (method === undefined) throw new PayoutFault('method-missing', 'say first where the money shall go')
    return method
  }

  /** Whatever account was named: hers. */
  async #ownStripe(personId: Id<'pers'>, { account }: { readonly account?: unknown }): Promise<object> {
    const own = await this.#options.stripeAccountOf?.(personId)
    if (own === undefined || (account !== undefined && account !== own)) throw new PayoutFault('destination-invalid', 'open your account at Stripe from here first: payouts go to it alone')
    return { rail: 'stripe', account: own }
  }

  /** Durable, under the key of the request: another of the same key is answered with the first. */
  async #insert({ payee, amount, key, by, action }: PayoutRequest & { readonly amount: bigint }): Promise<PayoutRecord> {
    const { store, seal, clock, terms } = this.#options
    const { rail, shown, destination } = await this.#methodOf(payee.accountId)
    const nowMs = clock.nowMs()
    const id = newId('pout', nowMs)
    const { fee } = priceOf(amount, rail, terms)
    const { accountId, personId, asset } = payee
    return store.insert({ accountId, personId, key, destination: sealed(seal, opened(seal, destination, accountId), id), shown }, { nowMs, sinceMs: countedFromMs(nowMs, by), action }, (asked) =>
      begin({ id, accountId, rail, asset, amount, fee, requestedBy: by, approvalsNeeded: approvalsFor(asked + amount, by, terms) }))
  }

  #again(record: PayoutRecord, amount: bigint | 'all'): PayoutRecord {
    if (amount !== 'all' && amount !== record.payout.amount) throw new PayoutFault('key-reused', 'another payout was requested with this key')
    return record
  }

  #tick(): void {
    this.#timer = this.#options.clock.after(workEveryMs, () => {
      watched(() => this.work(), { ...this.#options, everyMs: workEveryMs, watch: this.#options.watch })
        .catch((error: unknown) => this.#options.log.warn({ error: messageOf(error) }, 'payouts wait for the database'))
        .finally(() => this.#tick())
        .catch(() => undefined)
    }, { background: true })
  }

  async #work(payoutId: Id<'pout'> | undefined): Promise<void> {
    if (payoutId === undefined) await this.#scheduled()
    for (let round = 0; round < roundsMax && !this.#stopping; round += 1) if (!(await this.#round(payoutId))) return
  }

  /** Whether there was anything to do. */
  async #round(payoutId: Id<'pout'> | undefined): Promise<boolean> {
    const { store, clock } = this.#options
    const nowMs = clock.nowMs()
    const taken = await store.takeEffects({ nowMs, untilMs: nowMs + leaseMs, rails: [...this.#rails.keys()], limit: effectsMax, ...(payoutId !== undefined && { payoutId }) })
    for (const effect of taken) await this.#attempt(effect)
    return taken.length > 0
  }

  /** Each due date is a request of its own key, whoever finds it due, and however often. */
  async #scheduled(): Promise<void> {
    const { store, clock, log } = this.#options
    const nowMs = clock.nowMs()
    for (const method of await store.dueMethods(nowMs, dueMax)) {
      const { accountId, personId, schedule, dueMs } = method
      if (dueMs === undefined || (await this.#options.frozenAmong([personId])).size > 0) continue
      try {
        await this.#whatIsDue(method, dueMs)
      } catch (error) {
        if (!isFault(error) || isFault(error, 'database-unavailable')) throw error
        log.warn({ accountId, error: error.message }, 'a scheduled payout was not requested')
      }
      await store.moveOn(accountId, { fromMs: dueMs, toMs: nextDue(schedule, nowMs) ?? dueMs })
    }
  }

  async #whatIsDue({ accountId, personId, rail, schedule, threshold, givenUpMs }: Method, dueMs: number): Promise<void> {
    const { store, clock, terms, giveBack } = this.#options
    // Also what came since: shares that were fixed before.
    if (givenUpMs !== undefined) return void (await giveBack?.(accountId))
    const amount = wholeOf(await this.available(accountId), rail, terms.asset)
    if (amount < threshold || amount < terms.minimum) return
    if (rail === 'interledger' && (await this.#gathers(accountId)) && (await giveUpInTime({ store: store.unpaid, accountId, patienceMs: terms.patienceMs, nowMs: clock.nowMs() }))) return void (await giveBack?.(accountId))
    await this.#insert({ payee: { personId, accountId, asset: terms.asset }, amount, key: `schedule:${dueMs}`, by: { kind: 'schedule', id: schedule } })
  }

  /** Whether what is shared with a wallet address elsewhere gathers there. */
  async #gathers(accountId: Id<'acct'>): Promise<boolean> {
    return sharedBy((await this.#options.ledger.account(accountId))?.name ?? '') !== undefined
  }

  async #attempt(open: OpenEffect): Promise<void> {
    const { store, clock, log } = this.#options
    try {
      await this.#perform(open)
    } catch (error) {
      const pauseMs = Math.min(pauseMsMin * 2 ** Math.min(open.tries - 1, 20), pauseMsMax)
      log.warn({ payout: open.record.payout.id, effect: open.effect.type, tries: open.tries, pauseMs, error: messageOf(error) }, 'a step of a payout failed and is tried again')
      await store.postpone(open, clock.nowMs() + pauseMs, messageOf(error))
    }
  }

  #perform(open: OpenEffect): Promise<void> {
    const { effect } = open
    switch (effect.type) {
      case 'reserve':
        return this.#reserve(open)
      case 'release':
        return this.#release(open)
      case 'settle':
        return this.#settle(open)
      case 'unsettle':
        return this.#unsettle(open)
      case 'send':
        return this.#send(open)
      case 'check':
        return this.#check(open)
      case 'tell':
        return this.#tell(open, effect.what)
      default:
        return assertNever(effect)
    }
  }

  async #reserve(open: OpenEffect): Promise<void> {
    await this.#done(open, (await this.#setAside(open)) ? { type: 'reserved' } : { type: 'refused', reason: 'there was less on the account than that' })
  }

  /** Takes what is the account's own, as it stands when it is taken: whenever the account moved between the look and the transfer it is looked at again. False: there is less than that. */
  async #setAside(open: OpenEffect): Promise<boolean> {
    const { accountId, rail, asset, amount } = open.record.payout
    const clearing = await this.#clearing(rail, asset)
    for (let look = 1; ; look += 1) {
      const own = await this.#options.own.of(accountId)
      try {
        // Under its key it may have been taken before a crash, and is missing from what there is now: the books know.
        await this.#move(open, 'reserve', { from: accountId, to: clearing.id, amount, reason: 'payout' }, own.amount < amount ? nothingMore : own.counters)
        return true
      } catch (error) {
        if (!isFault(error, 'account-moved')) throw error
        if (own.amount < amount) return false
        if (look === looksMax) throw error
      }
    }
  }

  async #release(open: OpenEffect): Promise<void> {
    const { payout } = open.record
    const { accountId, rail, asset, amount, carried } = payout
    await this.#move(open, 'release', { from: (await this.#clearing(rail, asset)).id, to: accountId, amount: amount - carried, reason: 'payout-return' })
    await this.#done(open)
  }

  async #settle(open: OpenEffect): Promise<void> {
    const { payout } = open.record
    const [clearing, bank, fees] = await this.#accountsOf(payout.rail, payout.asset)
    await this.#move(open, 'settle', { from: clearing.id, to: bank.id, amount: netOf(payout) - payout.carried, reason: 'payout-settled' })
    await this.#move(open, 'fee', { from: clearing.id, to: fees.id, amount: payout.fee, reason: 'payout-fee' })
    await this.#done(open)
  }

  async #unsettle(open: OpenEffect): Promise<void> {
    const { payout } = open.record
    const [clearing, bank, fees] = await this.#accountsOf(payout.rail, payout.asset)
    await this.#move(open, 'unsettle', { from: bank.id, to: clearing.id, amount: netOf(payout) - payout.carried, reason: 'payout-returned' })
    await this.#move(open, 'fee-back', { from: fees.id, to: clearing.id, amount: payout.fee, reason: 'payout-fee-returned' })
    await this.#done(open)
  }

  async #send(open: OpenEffect): Promise<void> {
    const { store, clock, frozenAmong } = this.#options
    const { payout, personId } = open.record
    // What the rail may know of already is not called back.
    if (payout.reference === undefined && (await frozenAmong([personId])).size > 0) return store.postpone(open, clock.nowMs() + frozenPauseMs)
    const rail = this.#railOf(payout.rail)
    const destination = this.destinationOf(open.record)
    try {
      let { reference } = payout
      if (reference === undefined) {
        reference = await rail.prepare(payout, destination)
        await store.setReference(payout, reference)
      }
      await rail.send({ payout, destination, reference })
      await this.#done(open, { type: 'sent', reference })
    } catch (error) {
      const refused = error instanceof RailRefusal || (payout.reference === undefined && open.tries >= preparationsMax && (await store.get(payout.id))?.payout.reference === undefined)
      if (!refused) throw error
      await this.#done(open, { type: 'failed', reason: messageOf(error) })
    }
  }

  async #check(open: OpenEffect): Promise<void> {
    const { store, clock } = this.#options
    const { payout } = open.record
    const outcome = await this.#railOf(payout.rail).check({ payout, destination: this.destinationOf(open.record), reference: payout.reference ?? '' })
    switch (outcome.status) {
      case 'waiting':
        return store.postpone(open, clock.nowMs() + Math.min(pauseMsMin * 2 ** Math.min(open.tries - 1, 20), checkPauseMsMax))
      case 'settled':
        return this.#done(open, { type: 'settled', carried: outcome.carried })
      case 'failed':
        return this.#done(open, { type: 'failed', reason: outcome.reason, carried: outcome.carried })
      case 'returned':
        return this.#done(open, { type: 'returned', reason: outcome.reason })
    }
  }

  async #tell(open: OpenEffect, what: Parameters<NonNullable<PayoutsOptions['tell']>>[1]): Promise<void> {
    await this.#options.tell?.(open.record, what)
    await this.#done(open)
  }

  /** The key names payout, attempt and step: done twice, moved once. */
  async #move({ record, attempt }: OpenEffect, step: string, { from, to, amount, reason }: { readonly from: Id<'acct'>; readonly to: Id<'acct'>; readonly amount: bigint; readonly reason: TransferReason }, seen?: Counters): Promise<void> {
    if (amount === 0n) return
    await this.#options.ledger.transfer({ key: `payout:${record.payout.id}/${attempt}/${step}`, debitAccountId: from, creditAccountId: to, amount, reason }, seen)
  }

  /** Ends the effect, with what it brought. What cannot be any more, because somebody decided meanwhile, is left. */
  async #done(open: OpenEffect, event?: PayoutEvent): Promise<void> {
    const { store, clock } = this.#options
    await store.change(open.record.payout.id, { nowMs: clock.nowMs(), completes: open.number }, ({ payout }) => {
      if (event === undefined) return undefined
      try {
        const step = next(payout, event)
        return step && { step, actor: { kind: 'rail', id: payout.rail } }
      } catch (error) {
        if (isFault(error, 'payout-state')) return undefined
        throw error
      }
    })
  }

  #railOf(name: RailName): SendingRail {
    const rail = this.#rails.get(name)
    if (rail === undefined) throw new PayoutFault('rail-unknown', `this process cannot send by ${name}`)
    return rail
  }

  #clearing(rail: RailName, asset: Asset): Promise<Account> {
    return this.#options.ledger.openAccount({ name: clearingName(rail), kind: 'bank', asset, debitsMayExceedCredits: false })
  }

  async #accountsOf(rail: RailName, asset: Asset): Promise<readonly [clearing: Account, bank: Account, fees: Account]> {
    const { ledger } = this.#options
    const pays = payingAccount(rail)
    return [
      await this.#clearing(rail, asset),
      await ledger.openAccount({ ...pays, asset, debitsMayExceedCredits: true }),
      await ledger.openAccount({ name: 'fee.payout', kind: 'fee', asset, debitsMayExceedCredits: true }),
    ]
  }
}

/** What is set aside for payouts by a rail and has not left: zero when none is open. */
export function clearingName(rail: RailName): string {
  return `payout[${rail}]`
}

/** Whose money a rail pays out of: our balance at Stripe, a bank account of ours. */
function payingAccount(rail: RailName): { readonly name: string; readonly kind: 'bank' | 'psp' } {
  return rail === 'stripe' ? { name: 'psp[stripe]', kind: 'psp' } : { name: `bank[${rail}]`, kind: 'bank' }
}

function isStripe(destination: unknown): destination is { readonly account?: unknown } {
  return typeof destination === 'object' && destination !== null && 'rail' in destination && destination.rail === 'stripe'
}

function requireAsset(asset: Asset, ours: Asset): void {
  if (asset.code !== ours.code || asset.scale !== ours.scale) throw new PayoutFault('asset-unsupported', `only what counts in ${ours.code} can be paid out here`)
}

function sealed(seal: Seal, destination: Destination, ownerId: string): Buffer {
  return seal.seal(Buffer.from(JSON.stringify(destination)), ownerId)
}

function opened(seal: Seal, destination: Buffer, ownerId: string): Destination {
  return parseDestination(JSON.parse(seal.open(destination, ownerId).toString('utf8')))
}
