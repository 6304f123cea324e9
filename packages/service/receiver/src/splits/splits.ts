/**
 * Payment pointers whose income is shared with others. Money arrives on the pointer's own account, as always, and is moved on by transfers. What is moved follows from two figures alone, the
 * income up to which it was divided and the income up to which it is divided now: the second is written down before anything moves, so after a crash, or in two processes at once, the same
 * transfers are asked for under the same keys.
 */
import type { Accounts, WalletAddress } from '@rivulet/accounts'
import { isFault, messageOf } from '@rivulet/faults'
import { type Id, isId, newId } from '@rivulet/ids'
import type { Income, Ledger } from '@rivulet/ledger'
import type { Postgres } from '@rivulet/postgres'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import { parsePointer } from '@rivulet/web-monetization'
import { z } from 'zod'
import { type Split, type SplitPart, SplitStore } from '../split-store.ts'
import { moveOn, owedOf } from './move.ts'
import { reduced, sharesOf, SplitFault, weightsSumMax } from './split.ts'

export interface SplitsOptions {
  /** With `receiverMigrations` applied. */
  readonly postgres: Postgres
  readonly ledger: Pick<Ledger, 'incomesOf' | 'transferAll'>
  readonly accounts: Pick<Accounts, 'walletAddresses' | 'walletAddressByUrl' | 'walletAddressById'>
  readonly clock: Clock
  /** The account on which a share for a wallet address of another provider gathers until it is paid out there, and how that address is called; undefined when nobody can be paid there. Without it only pointers of this provider take part. */
  readonly elsewhere?: (owner: WalletAddress, pointer: string) => Promise<{ readonly accountId: Id<'acct'>; readonly pointer: string } | undefined>
  /** Of those of these accounts on which shares for other providers gather. */
  readonly statesElsewhere?: (accountIds: readonly Id<'acct'>[]) => Promise<ReadonlyMap<Id<'acct'>, ShareElsewhere>>
  /** Accept pointers with http, ports and loopback hosts; only for the sandbox. */
  readonly allowLocal: boolean
  readonly log: { warn(fields: object, message: string): void }
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
}

/** What became of all that was shared with a wallet address of another provider, units. */
export interface ShareElsewhere {
  /** Gathered here, too little yet or not yet due. */
  readonly waiting: bigint
  /** Set aside for a payout that operators have to agree to first. */
  readonly awaitingApproval: bigint
  readonly underWay: bigint
  /** Arrived there. */
  readonly sent: bigint
  /** Why the last payment did not arrive, or not whole; what did not is waiting again. */
  readonly refused: { readonly atMs: number; readonly reason: string | undefined } | undefined
  /** Since when nothing is paid there any more, ms since 1970: what is shared with it comes back to the pointer. */
  readonly givenUpMs: number | undefined
}

/** How an address is shared, and what each has got of it since. */
export interface SharedAddress {
  readonly address: WalletAddress
  readonly since: { readonly startedAtMs: number; readonly parts: readonly { readonly pointer: string; readonly weight: number; readonly amount: bigint; readonly elsewhere: ShareElsewhere | undefined }[] } | undefined
}

const lookEveryMs = 1_000
const splitsPerPage = 500
const partsMax = 20
const weightMax = 10_000
/** How far money may be passed on. */
const depthMax = 10
const attemptsMax = 5

export const partsSchema = z.array(z.strictObject({ pointer: z.string().min(1).max(2_000), weight: z.int().min(1).max(weightMax) })).max(partsMax)

export class Splits implements AsyncDisposable {
  readonly #options: SplitsOptions
  readonly #store: SplitStore
  #timer: Timer | undefined
  #working: Promise<unknown> | undefined
  #stopped = false

  constructor(options: SplitsOptions) {
    this.#options = options
    this.#store = new SplitStore(options.postgres)
  }

  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#working = watched(() => this.move(), { ...this.#options, everyMs: lookEveryMs, watch: this.#options.watch })
        .catch((error: unknown) => this.#options.log.warn({ err: messageOf(error) }, 'shared income could not be moved on, it is tried again'))
        .finally(() => {
          if (!this.#stopped) this.start()
        })
    }, { background: true })
  }

  /** All addresses of a person, shared or not. */
  async list(personId: Id<'pers'>): Promise<readonly SharedAddress[]> {
    const addresses = await this.#options.accounts.walletAddresses(personId)
    const splits = new Map((await this.#store.ofAccounts(addresses.map(({ ledgerAccountId }) => ledgerAccountId))).map((split) => [split.accountId, split]))
    const states = await this.#options.statesElsewhere?.([...splits.values()].flatMap(({ parts }) => parts.map(({ accountId }) => accountId)))
    return addresses.map((address) => ({ address, since: sinceOf(splits.get(address.ledgerAccountId), states) }))
  }

  /**
   * Shares what comes from now on; what has been posted until now goes by the weights before. No parts: the pointer keeps its income again.
   * Throws `split-unknown`, `split-invalid`, `split-pointer-unknown`, `split-asset-differs`, `split-circular`, `split-waiting`.
   */
  async change(personId: Id<'pers'>, addressId: string, given: unknown): Promise<void> {
    const address = (await this.#options.accounts.walletAddresses(personId)).find(({ id }) => id === addressId)
    if (address === undefined || !isId('wadr', addressId)) throw new SplitFault('split-unknown', 'you have no such payment pointer')
    const parts = await this.#partsOf(address, given)
    const changed = await this.#store.changeAlone(async () => {
      await this.#refuseCircles(address.ledgerAccountId, parts)
      for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
        const before = await this.#settled(address.ledgerAccountId)
        const nowMs = this.#options.clock.nowMs()
        const base = before?.moved ?? (await this.#options.ledger.incomesOf([address.ledgerAccountId])).get(address.ledgerAccountId)?.total ?? 0n
        const next = parts.length === 0 ? undefined : { id: newId('splt', nowMs), accountId: address.ledgerAccountId, parts, base, moved: base, movingTo: undefined, startedAtMs: nowMs }
        if (await this.#store.replace(before, next, nowMs)) return
      }
      throw new SplitFault('split-waiting', 'money is being moved at this moment: try again')
    })
    if (!changed) throw new SplitFault('split-waiting', 'another split is being changed at this moment: try again')
  }

  /** Moves on all that has been posted; runs by itself every second. Returns how many splits moved something. */
  async move(): Promise<number> {
    let moved = 0
    for (let after = ''; !this.#stopped; ) {
      const page = await this.#store.page(after, splitsPerPage)
      const incomes = await this.#options.ledger.incomesOf(page.map(({ accountId }) => accountId))
      for (const split of page) {
        try {
          if (await this.#step(split, incomes.get(split.accountId))) moved += 1
        } catch (error) {
          if (!isFault(error, 'funds-insufficient')) throw error
          // Taken from the account before it was shared. It is moved on when there is enough again.
          this.#options.log.warn({ account: split.accountId, error: messageOf(error) }, 'a shared income waits for money on its account')
        }
      }
      after = page.at(-1)?.id ?? ''
      if (page.length < splitsPerPage) break
    }
    return moved
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#working
  }

  /** The split in force, with everything moved that has come until now. */
  async #settled(accountId: Id<'acct'>): Promise<Split | undefined> {
    const [split] = await this.#store.ofAccounts([accountId])
    if (split === undefined) return undefined
    const income = (await this.#options.ledger.incomesOf([accountId])).get(accountId)
    try {
      // What a dead process had decided to move comes first, then what has come since.
      if (await this.#step(split, income)) {
        const further = await this.#store.get(split.id)
        if (further !== undefined) await this.#step(further, (await this.#options.ledger.incomesOf([accountId])).get(accountId))
      }
    } catch (error) {
      if (!isFault(error, 'funds-insufficient')) throw error
    }
    const now = await this.#store.get(split.id)
    if (now === undefined || now.moved < (income?.total ?? 0n)) throw new SplitFault('split-waiting', 'what came in by the weights until now has not been moved on yet, because the account holds less: try again when it does')
    return now
  }

  /** Moves what came, as far as the account has it, or first what an earlier step had decided to move. */
  async #step(split: Split, income: Income | undefined): Promise<boolean> {
    const planned = split.movingTo === undefined ? await this.#plan(split, income) : split
    if (planned?.movingTo === undefined) return false
    await moveOn(planned, { store: this.#store, ledger: this.#options.ledger })
    return true
  }

  /** No more than the account has: what was taken from it otherwise is missing until more comes, and nobody waits for it but its own part. */
  async #plan(split: Split, income: Income | undefined): Promise<Split | undefined> {
    if (income === undefined) return undefined
    // The pointer's own part may have left before it was divided.
    const to = owedOf(split, income.total) <= income.available ? income.total : split.moved + income.available
    return to > split.moved ? this.#store.plan(split.id, to) : undefined
  }

  async #partsOf(address: WalletAddress, given: unknown): Promise<readonly SplitPart[]> {
    const parsed = partsSchema.safeParse(given)
    if (!parsed.success) throw new SplitFault('split-invalid', `${parsed.error.issues[0]?.path.join('.') ?? ''}: ${parsed.error.issues[0]?.message ?? ''}; name up to ${partsMax} pointers with whole weights of 1 to ${weightMax}`)
    const weights = reduced(parsed.data.map(({ weight }) => weight))
    if (weights.reduce((sum, weight) => sum + weight, 0) > weightsSumMax) throw new SplitFault('split-invalid', `the weights, reduced, add up to more than ${weightsSumMax}: use rounder ones`)
    const parts: SplitPart[] = []
    for (const [index, { pointer }] of parsed.data.entries()) {
      const to = await this.#addressOf(pointer)
      if (to !== undefined && (to.asset.code !== address.asset.code || to.asset.scale !== address.asset.scale)) throw new SplitFault('split-asset-differs', `${to.url} counts in ${to.asset.code}, your pointer in ${address.asset.code}`)
      const part = to === undefined ? await this.#options.elsewhere?.(address, pointer) : { accountId: to.ledgerAccountId, pointer: to.url }
      if (part === undefined) throw new SplitFault('split-pointer-unknown', `nobody can be paid at ${pointer.slice(0, 200)}: name pointers of this provider, or wallet addresses of Open Payments elsewhere`)
      if (parts.some(({ accountId }) => accountId === part.accountId)) throw new SplitFault('split-invalid', `${part.pointer} is named twice`)
      parts.push({ ...part, weight: weights[index] ?? 0 })
    }
    if (parts.length > 0 && parts.every(({ accountId }) => accountId === address.ledgerAccountId)) throw new SplitFault('split-invalid', 'a pointer that keeps everything is not shared: name others')
    return parts
  }

  async #addressOf(pointer: string): Promise<WalletAddress | undefined> {
    try {
      return await this.#options.accounts.walletAddressByUrl(parsePointer(pointer, { allowLocal: this.#options.allowLocal }).href)
    } catch (error) {
      if (!isFault(error)) throw error
      return undefined
    }
  }

  /** Money that comes back to where it was shared would go round for ever. */
  async #refuseCircles(source: Id<'acct'>, parts: readonly SplitPart[]): Promise<void> {
    let reached = parts.map(({ accountId }) => accountId).filter((id) => id !== source)
    const seen = new Set<Id<'acct'>>(reached)
    for (let depth = 1; reached.length > 0; depth += 1) {
      if (depth > depthMax) throw new SplitFault('split-circular', `money would be passed on more than ${depthMax} times`)
      const further = (await this.#store.ofAccounts(reached)).flatMap((split) => split.parts.flatMap((part) => (part.accountId === split.accountId ? [] : [part])))
      const back = further.find(({ accountId }) => accountId === source)
      if (back !== undefined) throw new SplitFault('split-circular', `one of these pointers, or one that it shares with, shares its own income with ${back.pointer}: the money would go round in a circle`)
      reached = further.map(({ accountId }) => accountId).filter((id) => !seen.has(id))
      for (const id of reached) seen.add(id)
    }
  }
}

function sinceOf(split: Split | undefined, states: ReadonlyMap<Id<'acct'>, ShareElsewhere> = new Map()): SharedAddress['since'] {
  if (split === undefined) return undefined
  const amounts = sharesOf(split.parts.map(({ weight }) => weight), split.moved - split.base)
  return { startedAtMs: split.startedAtMs, parts: split.parts.map(({ accountId, pointer, weight }, index) => ({ pointer, weight, amount: amounts[index] ?? 0n, elsewhere: states.get(accountId) })) }
}
