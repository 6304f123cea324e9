/** The operator's office of a simulation: each morning payouts are approved, a file goes to the bank, its statement is read and every line of it explained. */
import { isFault } from '@rivulet/faults'
import type { PayoutRecord } from '@rivulet/payout'
import { SimulatedBank } from './simulated-bank.ts'
import { asset, type SimulatedPerson, type World } from './world.ts'

const dayMs = 86_400_000
const cent = 10_000_000n
const operators = ['olivia', 'paul']
/** Examples of the standard. */
const ibans = ['FR1420041010050500013M02606', 'NL91ABNA0417164300', 'BE68539007547034', 'MT84MALT011000012345MTLCAST001S']
const recordsMax = 500
/** The card provider pays us what it holds so often. */
const settlesEveryDays = 3

export class Office {
  readonly #world: World
  readonly #bank: SimulatedBank
  readonly #settled = new Set<string>()
  /** Our units that the card provider holds: below zero it owes us. */
  readonly #held: () => Promise<bigint>

  constructor(world: World, { random, held }: { readonly random: () => number; readonly held: () => Promise<bigint> }) {
    this.#world = world
    this.#bank = new SimulatedBank(random)
    this.#held = held
  }

  /** Four of five publishers have a bank account, the others are paid by hand; most each Monday, once there is enough. */
  async open(publishers: readonly SimulatedPerson[]): Promise<void> {
    for (const [number, { id: personId, accountId }] of publishers.entries()) {
      const destination = number % 5 === 3 ? { rail: 'manual', instructions: `Cash for p${number}` } : { rail: 'sepa', name: `Publisher ${number}`, iban: ibans[number % ibans.length] }
      await this.#world.payouts.setMethod({ personId, accountId, asset }, { destination, schedule: number % 5 === 4 ? 'monthly' : 'weekly', threshold: 500n * cent })
    }
  }

  async morning(day: number): Promise<void> {
    const { payouts, clock } = this.#world
    await this.#read()
    await payouts.work()
    for (const { payout } of await this.#records('awaiting-approval')) for (const by of operators.slice(0, payout.approvalsNeeded)) await payouts.decide(payout.id, { type: 'approve', by }, { kind: 'operator', id: by })
    for (const { payout } of await this.#records('sent')) if (payout.rail === 'manual') await payouts.decide(payout.id, { type: 'settled' }, { kind: 'operator', id: operators[0] ?? '' })
    for (const { payout } of await this.#records('approved')) if (payout.rail === 'manual') await payouts.decide(payout.id, { type: 'sent', reference: `receipt ${payout.id}` }, { kind: 'operator', id: operators[0] ?? '' })
    await this.#send()
    const held = await this.#held()
    if (day % settlesEveryDays === 0 && held >= cent) {
      const reference = `po_${new Date(clock.nowMs()).toISOString().slice(0, 10)}`
      this.#settled.add(reference)
      this.#bank.payIn(held / cent, reference)
    }
  }

  /** Every payout there ever was. */
  async payouts(): Promise<readonly PayoutRecord[]> {
    const all: PayoutRecord[] = []
    for (let page = await this.#page(undefined); page.length > 0; page = await this.#page(page.at(-1)?.payout.id)) all.push(...page)
    return all
  }

  #page(before: string | undefined): Promise<readonly PayoutRecord[]> {
    return this.#world.payoutStore.list({ limit: recordsMax, before })
  }

  #records(status: PayoutRecord['payout']['status']): Promise<readonly PayoutRecord[]> {
    return this.#world.payoutStore.list({ limit: recordsMax, before: undefined, statuses: [status] })
  }

  async #send(): Promise<void> {
    const { bank } = this.#world
    try {
      const batch = await bank.batch(operators[0] ?? '')
      this.#bank.take((await bank.file(batch.id)).toString('utf8'))
    } catch (error) {
      if (!isFault(error, 'batch-empty')) throw error
    }
  }

  async #read(): Promise<void> {
    const { bank, clock, reconciliation } = this.#world
    const statement = this.#bank.statement(new Date(clock.nowMs() - dayMs).toISOString().slice(0, 10))
    if (statement === undefined) return
    for (const { id, lines } of await bank.take(statement, operators[0] ?? '')) {
      for (const { number, outcome, endToEndId } of lines) {
        if (outcome !== 'unknown') continue
        await reconciliation.explain({ statementId: id, number }, endToEndId !== undefined && this.#settled.has(endToEndId) ? { as: 'provider-settlement', provider: 'sandbox', reference: endToEndId } : { as: 'bank-fee' })
      }
    }
  }
}
