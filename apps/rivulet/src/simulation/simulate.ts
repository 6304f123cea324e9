/** A month in a minute: sittings of reading on a virtual clock, and what came of them in the books. */
import { type Id, newId } from '@rivulet/ids'
import { ceilDivide, floorDivide, formatAmount } from '@rivulet/money'
import { randomFrom, type Reader, readersOf, type Visit, visitsOf } from './readers.ts'
import { asset, openWorld, type SimulatedPerson, type World } from './world.ts'

export interface SimulationSpec {
  readonly subscribers: number
  readonly publishers: number
  readonly days: number
  readonly seed: number
}

/** Amounts are decimal strings of the asset. */
export interface SimulationReport extends SimulationSpec {
  readonly assetCode: string
  readonly subscribersPaid: { readonly charged: string; readonly charges: number; readonly declined: number; readonly ended: number }
  readonly spent: { readonly streamed: string; readonly shared: string; readonly left: string; readonly hoursRead: number; readonly budgetsSpent: number }
  readonly publishersEarned: { readonly total: string; readonly most: string; readonly median: string; readonly least: string }
  readonly operator: { readonly fees: string; readonly providerCost: string; readonly feeRatioPercent: string; readonly left: string }
  readonly streams: { readonly opened: number; readonly packets: number; readonly rejected: number }
  readonly books: { readonly ok: boolean; readonly transfers: number; readonly problems: readonly unknown[]; readonly everyUnitAccounted: boolean }
}

const startMs = Date.parse('2027-01-01T00:00:00Z')
const dayMs = 86_400_000
/** Sittings a day, at these hours. */
const sittingHours: readonly number[] = [7, 12, 20]
/** A sitting is so many steps of so long; a step is as long as a reader's agent may be silent, less a little. */
const steps = 20
const stepMs = 24_000
/** What falls due at a step gets so much time: two flushes of the books. */
const lingerMs = 150
/** Of the card provider: 1.5 % and 0.25 a charge. */
const tariff = { basisPoints: 150n, fixed: 250_000_000n }
const doneAbreast = 16

interface Tab {
  readonly visit: Visit
  readonly agent: ReturnType<World['wallet']['agent']>
  hidden: boolean
}

/** @param url of an empty database */
export async function simulate(url: string, spec: SimulationSpec, say: (progress: string) => void): Promise<SimulationReport> {
  await using world = await openWorld(url, startMs)
  const random = randomFrom(spec.seed)
  const readers = readersOf(random, spec)
  const publishers = await abreast(Array.from({ length: spec.publishers }, (_, number) => number), (number) => world.person('publisher', `p${number}`))
  const people = await abreast(Array.from({ length: spec.subscribers }, (_, number) => number), (number) => world.person('subscriber', `s${number}`))
  say(`${spec.publishers} publishers, ${spec.subscribers} subscribers`)
  const house = new House(world, { readers, people, publishers })
  for (let day = 0; day < spec.days; day += 1) {
    await house.subscribe(day)
    for (const hour of sittingHours) {
      await house.passUntil(startMs + day * dayMs + hour * 3_600_000)
      await house.sit(visitsOf(random, readers, { day, steps }))
    }
    say(`day ${day + 1} of ${spec.days}: ${house.opened} pages read, ${world.wallet.counters().packets} packets`)
  }
  // Periods that end with the last day are shared, and what is renewed is charged.
  await house.passUntil(startMs + spec.days * dayMs + 3_600_000)
  say('proving the books')
  return house.report(spec)
}

class House {
  readonly #world: World
  readonly #readers: readonly Reader[]
  readonly #people: readonly SimulatedPerson[]
  readonly #publishers: readonly SimulatedPerson[]
  readonly #tokens = new Map<string, string>()
  readonly #subscriptions = new Map<number, Id<'subs'>>()
  opened = 0

  constructor(world: World, { readers, people, publishers }: { readonly readers: readonly Reader[]; readonly people: readonly SimulatedPerson[]; readonly publishers: readonly SimulatedPerson[] }) {
    this.#world = world
    this.#readers = readers
    this.#people = people
    this.#publishers = publishers
  }

  async subscribe(day: number): Promise<void> {
    const { funding, sandbox } = this.#world
    const plans = await funding.plans()
    const newcomers = [...this.#readers.entries()].filter(([, { firstDay }]) => firstDay === day)
    await abreast(newcomers, async ([number, { plan, card, policy }]) => {
      const person = this.#people[number]
      const wanted = plans[plan]
      if (person === undefined || wanted === undefined) return
      const { subscription } = await funding.subscribe({ personId: person.id, accountId: person.accountId, planId: wanted.id, provider: sandbox.name, card: sandbox.card(card), policy: { kind: policy } })
      this.#subscriptions.set(number, subscription.id)
    })
  }

  /** Nobody reads until then; what falls due is done. */
  async passUntil(ms: number): Promise<void> {
    const { clock, funding } = this.#world
    if (ms > clock.nowMs()) await clock.leap(ms - clock.nowMs(), lingerMs)
    await clock.during(funding.work())
  }

  async sit(visits: readonly Visit[]): Promise<void> {
    const { clock } = this.#world
    await this.#connect(visits)
    // Each stream sends about once a step, however many there are.
    this.#world.setPace(Math.max(0.05, (visits.length * 1_000) / stepMs))
    const tabs = new Set<Tab>()
    for (let step = 0; step < steps; step += 1) {
      for (const tab of tabs) await this.#turn(tab, step, tabs)
      const fresh = visits.filter(({ fromStep }) => fromStep === step)
      // Those who come are looked up side by side, and start one after the other: in the same order each time.
      const opened = await abreast(fresh, (visit) => this.#attach(visit))
      for (const tab of opened) {
        await tab.agent.receive({ type: 'start', requestId: 'r', pointer: this.#publishers[tab.visit.publisher]?.url ?? '' })
        tabs.add(tab)
      }
      for (const { agent, hidden } of tabs) if (!hidden) await agent.receive({ type: 'beat' })
      if (tabs.size === 0) clock.skip(stepMs)
      else await clock.leap(stepMs, lingerMs)
    }
    for (const { agent } of tabs) agent.leave()
    await clock.leap(1_000, lingerMs)
  }

  /** Sites that a reader comes to for the first time ask her once. */
  async #connect(visits: readonly Visit[]): Promise<void> {
    const { journey } = this.#world.wallet
    const fresh = [...new Set(visits.map(keyOf))].filter((key) => !this.#tokens.has(key))
    await abreast(fresh, async (key) => {
      const [reader = 0, publisher = 0] = key.split(' ').map(Number)
      const site = siteOf(publisher)
      const { challenge, verifier } = await journey.challenge(site, undefined)
      const code = await journey.consent(challenge, this.#people[reader]?.id ?? newId('pers', 0))
      this.#tokens.set(key, (await journey.redeem(site, code, verifier)).token)
    })
  }

  async #attach(visit: Visit): Promise<Tab> {
    const agent = this.#world.wallet.agent(() => this.#tokens.get(keyOf(visit)), () => undefined)
    await agent.receive({ type: 'attach', site: siteOf(visit.publisher), visible: true })
    this.opened += 1
    return { visit, agent, hidden: false }
  }

  /** What becomes of an open tab at this step. */
  async #turn(tab: Tab, step: number, tabs: Set<Tab>): Promise<void> {
    if (tab.hidden || tab.visit.toStep > step) return
    if (tab.visit.forgotten) {
      tab.hidden = true
      await tab.agent.receive({ type: 'visible', visible: false })
      return
    }
    tab.agent.leave()
    tabs.delete(tab)
  }

  async report(spec: SimulationSpec): Promise<SimulationReport> {
    const { ledger, fundingStore, wallet, usage, clock } = this.#world
    const posted = async (name: string, kind: 'psp' | 'fee'): Promise<bigint> => (await ledger.balance((await ledger.openAccount({ name, kind, asset, debitsMayExceedCredits: kind === 'psp' })).id)).posted
    const [psp, fees, sharing] = [await posted('psp[sandbox]', 'psp'), await posted('fee.subscription', 'fee'), await posted('sharing', 'fee')]
    let [left, readMs, shared, charges, declined, ended, budgetsSpent] = [0n, 0n, 0n, 0, 0, 0, 0]
    let providerCost = 0n
    for (const [number, { id, accountId }] of this.#people.entries()) {
      const budget = (await ledger.balance(accountId)).posted
      left += budget
      for (const { attentionMs } of await usage.usageSince(id, '2027-01-01')) readMs += attentionMs
      const subscription = this.#subscriptions.get(number)
      if (subscription === undefined) continue
      const statements = await fundingStore.statements(subscription, 100)
      shared += statements.reduce((sum, { shares }) => sum + shares.reduce((part, { amount }) => part + amount, 0n), 0n)
      if (budget === 0n || statements.some(({ rest }) => rest === 0n)) budgetsSpent += 1
      if ((await fundingStore.byId(subscription))?.subscription.status === 'ended') ended += 1
      for (const { status, amount } of await fundingStore.charges(subscription, 1_000)) {
        if (status === 'succeeded') {
          charges += 1
          providerCost += ceilDivide(amount * tariff.basisPoints, 10_000n) + tariff.fixed
        } else declined += 1
      }
    }
    const earned: bigint[] = []
    for (const { accountId } of this.#publishers) earned.push((await ledger.balance(accountId)).posted)
    const ordered = earned.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0))
    const total = earned.reduce((sum, amount) => sum + amount, 0n)
    const { packets, fulfilled } = wallet.counters()
    const { ok, problems, transfers } = await clock.during(ledger.verify())
    const money = (units: bigint): string => formatAmount(units, asset)
    return {
      ...spec,
      assetCode: asset.code,
      subscribersPaid: { charged: money(-psp), charges, declined, ended },
      spent: { streamed: money(total - shared), shared: money(shared), left: money(left), hoursRead: Number(readMs / 3_600_000n), budgetsSpent },
      publishersEarned: { total: money(total), most: money(ordered.at(-1) ?? 0n), median: money(ordered[Math.floor(ordered.length / 2)] ?? 0n), least: money(ordered[0] ?? 0n) },
      operator: { fees: money(fees), providerCost: money(providerCost), feeRatioPercent: psp === 0n ? '0' : formatAmount(floorDivide(providerCost * 10_000n, -psp), { code: '%', scale: 2 }), left: money(fees - providerCost) },
      streams: { opened: this.opened, packets, rejected: packets - fulfilled },
      // What was charged is with publishers, in budgets or the operator's, to the unit.
      books: { ok, transfers, problems, everyUnitAccounted: -psp === total + left + fees && sharing === 0n },
    }
  }
}

/** Does it for all, some at a time; the answers keep their order. */
async function abreast<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let first = 0; first < items.length; first += doneAbreast) results.push(...(await Promise.all(items.slice(first, first + doneAbreast).map(work))))
  return results
}

function keyOf({ reader, publisher }: Visit): string {
  return `${reader} ${publisher}`
}

function siteOf(publisher: number): string {
  return `https://site-${publisher}.example`
}
