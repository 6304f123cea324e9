import { randomBytes } from 'node:crypto'
import { type Id, isId, newId } from '@rivulet/ids'
import type { Clock } from '@rivulet/time'
import { AccountsFault, type Frozen, type Person } from '../types.ts'
import type { OperatorsStore } from './operators-store.ts'

/** One operator, as others see it. */
export interface OperatorListed {
  readonly id: Id<'pers'>
  readonly name: string
  readonly email: string
  /** Sees everything, changes nothing. */
  readonly readOnly: boolean
  readonly createdAtMs: number
  /** Has never signed in. */
  readonly invited: boolean
  /** Does not come in any more. */
  readonly closed: Frozen | undefined
  /** By whom, in words, and until when the two are one pair of eyes; undefined once they are two. */
  readonly bound: { readonly to: string; readonly untilMs: number } | undefined
}

export interface OperatorsOptions {
  readonly store: OperatorsStore
  readonly clock: Clock
  readonly hashPassword: (password: string) => Promise<string>
  /** Mails a link with which the operator chooses a password; absent where no mail leaves. */
  readonly invite?: (email: string) => Promise<void>
  /** So long after an invitation both are one pair of eyes, ms. */
  readonly boundMs: number
}

const operatorsMax = 200
const mayNoLonger = 'you may no longer change operators'

/** Who runs this installation. Whoever may change something may invite others, say which of them only look, and close them out; nobody does so to herself, so that one is always left. */
export class Operators {
  readonly #options: OperatorsOptions

  constructor(options: OperatorsOptions) {
    this.#options = options
  }

  async list(): Promise<readonly OperatorListed[]> {
    const { store, boundMs, clock } = this.#options
    const rows = await store.list(operatorsMax)
    const names = new Map(rows.map(({ id, name }) => [id, name]))
    return rows.map(({ id, name, email, read_only: readOnly, created_at, provisioned_at, frozen_at, frozen_reason, invited_by: by }) => {
      const untilMs = created_at.getTime() + boundMs
      return {
        id, name, email, readOnly, createdAtMs: created_at.getTime(), invited: provisioned_at === null, closed: frozen_at === null ? undefined : { sinceMs: frozen_at.getTime(), reason: frozen_reason ?? '' },
        bound: by === null || untilMs <= clock.nowMs() ? undefined : { to: names.get(by) ?? by, untilMs },
      }
    })
  }

  /**
   * Whose eyes an operator looks with, of those who were invited lately: of who invited them, or of who invited that one in turn. Everybody else has her own. Whatever needs two operators needs two pairs of eyes.
   */
  async eyes(): Promise<ReadonlyMap<string, string>> {
    const { store, boundMs, clock } = this.#options
    const invited = await store.invitedSince(new Date(clock.nowMs() - boundMs))
    const eyes = new Map<string, string>()
    // Who invites was there before: no chain comes back to its start.
    for (const [id, by] of invited) {
      let first = by
      for (let earlier = invited.get(first); earlier !== undefined; earlier = invited.get(first)) first = earlier
      eyes.set(id, first)
    }
    return eyes
  }

  /**
   * Makes an operator and mails a link to choose a password. Where no mail leaves a password is made and returned, to be handed over: it is known nowhere else.
   * Throws `email-taken`, `operators-too-many`, `operator-changed`.
   */
  async invite(by: Person, { name, email, readOnly }: { readonly name: string; readonly email: string; readonly readOnly: boolean }): Promise<{ readonly id: Id<'pers'>; readonly password: string | undefined }> {
    const { store, clock, hashPassword, invite } = this.#options
    const id = newId('pers', clock.nowMs())
    const password = randomBytes(15).toString('base64url')
    const action = { operator: by.id, name: 'operator.invite', subject: id, detail: { email, role: readOnly ? 'read-only' : 'operator' } }
    const result = await store.insert({ id, name, email, language: by.language, read_only: readOnly, passwordHash: await hashPassword(password) }, { by: by.id, action, at: new Date(clock.nowMs()) }, operatorsMax)
    if (result === 'taken') throw new AccountsFault('email-taken', `there already is an operator with the e-mail ${email}`)
    if (result === 'full') throw new AccountsFault('operators-too-many', `there are at most ${operatorsMax} operators`)
    if (result === 'refused') throw new AccountsFault('operator-changed', mayNoLonger)
    await invite?.(email)
    return { id, password: invite === undefined ? password : undefined }
  }

  /** Mails the link once more to who has never signed in. Throws `operator-unknown`, `operator-changed`. */
  async inviteAgain(id: string): Promise<void> {
    const operator = (await this.list()).find((one) => one.id === id)
    if (operator === undefined) throw unknown()
    if (!operator.invited || operator.closed !== undefined) throw new AccountsFault('operator-changed', 'this operator has signed in already, or is closed out')
    await this.#options.invite?.(operator.email)
  }

  /** Throws `operator-unknown`, `operator-self`, `operator-changed`. */
  async setReadOnly(by: Person, id: string, readOnly: boolean, reason: string): Promise<void> {
    const other = otherThan(by, id)
    await this.#done(await this.#options.store.setReadOnly(other, readOnly, { by: by.id, action: { operator: by.id, name: readOnly ? 'operator.restrict' : 'operator.entrust', subject: other, reason }, at: this.#now() }), other)
  }

  /** Throws `operator-unknown`, `operator-self`, `operator-changed`. */
  async setClosed(by: Person, id: string, closed: boolean, reason: string): Promise<void> {
    const other = otherThan(by, id)
    await this.#done(await this.#options.store.setClosed(other, closed ? { reason } : undefined, { by: by.id, action: { operator: by.id, name: closed ? 'operator.close' : 'operator.reopen', subject: other, reason }, at: this.#now() }), other)
  }

  async #done(result: 'changed' | 'same' | 'refused', id: Id<'pers'>): Promise<void> {
    if (result === 'changed') return
    if (result === 'refused') throw new AccountsFault('operator-changed', mayNoLonger)
    if ((await this.list()).some((one) => one.id === id)) throw new AccountsFault('operator-changed', 'it is so already')
    throw unknown()
  }

  #now(): Date {
    return new Date(this.#options.clock.nowMs())
  }
}

function otherThan(by: Person, id: string): Id<'pers'> {
  if (!isId('pers', id)) throw unknown()
  if (id === by.id) throw new AccountsFault('operator-self', 'another operator must do this: nobody changes her own role')
  return id
}

function unknown(): AccountsFault {
  return new AccountsFault('operator-unknown', 'there is no such operator')
}
