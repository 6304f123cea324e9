/** A month in a minute: sittings of reading on a virtual clock, plans that change, payments that fail or are disputed, tips, payouts, and what came of it all in the books. */
import { isFault } from '@rivulet/faults'
import { type Id, newId } from '@rivulet/ids'
import { abreast } from './abreast.ts'
import { Office } from './office.ts'
import { cards, randomFrom, type Reader, readersOf, tipsOf, type Visit, visitsOf } from './readers.ts'
import { reportOf, type SimulationReport, type SimulationSpec, type Told } from './report.ts'
import { openWorld, type SimulatedPerson, type World } from './world.ts'

export type { SimulationReport }

const startMs = Date.parse('2027-01-01T00:00:00Z')
const dayMs = 86_400_000
/** The office works before anybody reads. */
const officeHour = 6.5
/** Sittings a day, at these hours; tips are given in the afternoon. */
const sittingHours: readonly number[] = [7, 12, 20]
const tipHour = 15
/** A sitting is so many steps of so long; a step is as long as a reader's agent may be silent, less a little. */
const steps = 12
const stepMs = 24_000
/** What falls due at a step gets so much time: two flushes of the books. */
const lingerMs = 150
const tipPacketsPerSecond = 1_000
const tipStepMs = 50
const cent = 10_000_000n

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
  const house = new House(world, { readers, people, publishers, random: randomFrom(spec.seed + 1) })
  await house.open()
  for (let day = 0; day < spec.days; day += 1) {
    const at = (hour: number): Promise<void> => house.passUntil(startMs + day * dayMs + hour * 3_600_000)
    await house.subscribe(day)
    await house.change(day)
    await at(officeHour)
    await house.office(day)
    for (const hour of sittingHours) {
      if (hour > tipHour) {
        await at(tipHour)
        await house.tip(tipsOf(random, readers, day), day)
      }
      await at(hour)
      await house.sit(visitsOf(random, readers, { day, steps }))
    }
    say(`day ${day + 1} of ${spec.days}: ${house.opened} pages read, ${world.wallet.counters().packets} packets`)
  }
  // Periods that end with the last day are shared, what is renewed is charged, and the office closes its month.
  await house.passUntil(startMs + spec.days * dayMs + officeHour * 3_600_000)
  await house.office(spec.days)
  say('proving the books')
  // The world must not end before its report.
  return await world.clock.during(reportOf(world, spec, house.told()))
}

class House {
  readonly #world: World
  readonly #readers: readonly Reader[]
  readonly #people: readonly SimulatedPerson[]
  readonly #publishers: readonly SimulatedPerson[]
  readonly #office: Office
  readonly #tokens = new Map<string, string>()
  readonly #subscriptions = new Map<number, Id<'subs'>>()
  readonly #changes = { plans: 0, cancelled: 0, paused: 0, cards: 0, refused: 0 }
  readonly #tips = { given: 0, refused: 0, amount: 0n }
  opened = 0

  constructor(world: World, { readers, people, publishers, random }: { readonly readers: readonly Reader[]; readonly people: readonly SimulatedPerson[]; readonly publishers: readonly SimulatedPerson[]; readonly random: () => number }) {
    this.#world = world
    this.#readers = readers
    this.#people = people
    this.#publishers = publishers
    this.#office = new Office(world, { random, held: async () => -((await this.#balance('psp[sandbox]')) ?? 0n) })
  }

  open(): Promise<void> {
    return this.#office.open(this.#publishers)
  }

  office(day: number): Promise<void> {
    return this.#world.clock.during(this.#office.morning(day))
  }

  told(): Told {
    return { people: this.#people, publishers: this.#publishers, subscriptions: [...this.#subscriptions.values()], changes: this.#changes, tips: this.#tips, pages: this.opened, payouts: () => this.#office.payouts() }
  }

  async #balance(account: string): Promise<bigint | undefined> {
    const found = await this.#world.ledger.accountByName(account)
    return found === undefined ? undefined : found.creditsPosted - found.debitsPosted
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

  /** What those ask for who change their minds today. What cannot be, for instance with a plan that has ended, is refused. */
  async change(day: number): Promise<void> {
    const { funding, sandbox } = this.#world
    const plans = await funding.plans()
    const wishes = [...this.#readers.entries()].filter(([number, { wish }]) => wish?.day === day && this.#subscriptions.has(number))
    await abreast(wishes, async ([number, { wish, plan }]) => {
      const person = this.#people[number]
      if (wish === undefined || person === undefined) return
      try {
        if (wish.kind === 'new-card') await funding.changeCard(person.id, sandbox.card(cards.good))
        else if (wish.kind === 'change-plan') await funding.ask(person.id, { type: 'change-plan', planId: plans.find(({ id }) => id !== plans[plan]?.id)?.id ?? '' })
        else await funding.ask(person.id, { type: wish.kind })
        this.#changes[({ 'change-plan': 'plans', cancel: 'cancelled', pause: 'paused', 'new-card': 'cards' } as const)[wish.kind]] += 1
      } catch (error) {
        if (!isFault(error, 'not-subscribed') && !isFault(error, 'subscription-state') && !isFault(error, 'card-declined')) throw error
        this.#changes.refused += 1
      }
    })
  }

  async tip(tips: ReturnType<typeof tipsOf>, day: number): Promise<void> {
    const { clock } = this.#world
    this.#world.setPace(tipPacketsPerSecond)
    await clock.during(abreast(tips, async ({ reader, publisher, cents }) => {
      const [person, pointer] = [this.#people[reader], this.#publishers[publisher]?.url]
      if (person === undefined || pointer === undefined) return
      try {
        const { taken } = await this.#world.tips.give({ personId: person.id, walletAddress: person.walletAddress, key: `tip-of-day-${day}`, pointer, amount: cents * cent })
        this.#tips.amount += taken
        this.#tips.given += 1
      } catch (error) {
        // Her budget is spent, or there is none.
        if (!isFault(error, 'tip-funds-insufficient')) throw error
        this.#tips.refused += 1
      }
    }), tipStepMs)
  }

  /** Nobody reads until then; what falls due is done. */
  async passUntil(ms: number): Promise<void> {
    const { clock, funding } = this.#world
    if (ms > clock.nowMs()) await clock.leap(ms - clock.nowMs(), lingerMs)
    await clock.rest()
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
}

function keyOf({ reader, publisher }: Visit): string {
  return `${reader} ${publisher}`
}

function siteOf(publisher: number): string {
  return `https://site-${publisher}.example`
}
