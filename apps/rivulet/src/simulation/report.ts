/** What a simulation came to: what each side paid, earned, and what it cost, read from the books. */
import type { Id } from '@rivulet/ids'
import { floorDivide, formatAmount } from '@rivulet/money'
import type { PayoutRecord } from '@rivulet/payout'
import { abreast } from './abreast.ts'
import { asset, type SimulatedPerson, type World } from './world.ts'

export interface SimulationSpec {
  readonly subscribers: number
  readonly publishers: number
  readonly days: number
  readonly seed: number
}

/** What the books do not count. */
export interface Told {
  readonly people: readonly SimulatedPerson[]
  readonly publishers: readonly SimulatedPerson[]
  readonly subscriptions: readonly Id<'subs'>[]
  readonly changes: { readonly plans: number; readonly cancelled: number; readonly paused: number; readonly cards: number; readonly refused: number }
  readonly tips: { readonly given: number; readonly refused: number; readonly amount: bigint }
  readonly pages: number
  readonly payouts: () => Promise<readonly PayoutRecord[]>
}

/** Amounts are decimal strings of the asset. */
export interface SimulationReport extends SimulationSpec {
  readonly assetCode: string
  readonly subscribersPaid: { readonly charged: string; readonly charges: number; readonly declined: number; readonly disputed: string; readonly disputes: number; readonly disputesWon: number; readonly ended: number; readonly changes: Told['changes'] }
  readonly spent: { readonly streamed: string; readonly shared: string; readonly tips: string; readonly tipsGiven: number; readonly tipsRefused: number; readonly left: string; readonly hoursRead: number; readonly budgetsSpent: number }
  readonly publishersEarned: { readonly total: string; readonly most: string; readonly median: string; readonly least: string; readonly paidOut: string; readonly payouts: number; readonly payoutsReturned: number; readonly payoutFees: string; readonly left: string }
  readonly operator: { readonly fees: string; readonly payoutFees: string; readonly providerCost: string; readonly bankCost: string; readonly losses: string; readonly feeRatioPercent: string; readonly left: string; readonly vat: string }
  readonly streams: { readonly opened: number; readonly packets: number; readonly rejected: number }
  readonly books: { readonly ok: boolean; readonly transfers: number; readonly problems: readonly unknown[]; readonly everyUnitAccounted: boolean; readonly reconciled: boolean }
}

/** All accounts of the house. With those of people they add up to nothing. */
const houseAccounts = ['psp[sandbox]', 'bank[sepa]', 'bank[manual]', 'cost[sandbox]', 'cost[sepa]', 'fee.subscription', 'fee.payout', 'fee.streaming', 'vat', 'sharing', 'loss@wallet', 'payout[sepa]', 'payout[manual]', 'link[receiver]@wallet', 'link[wallet]@receiver'] as const
const chargesMax = 1_000
const statementsMax = 100

export async function reportOf(world: World, spec: SimulationSpec, told: Told): Promise<SimulationReport> {
  const { ledger, wallet, usage, reconciliation } = world
  const balances = new Map<string, bigint>()
  for (const name of houseAccounts) {
    const account = await ledger.accountByName(name)
    balances.set(name, account === undefined ? 0n : account.creditsPosted - account.debitsPosted)
  }
  const of = (name: (typeof houseAccounts)[number]): bigint => balances.get(name) ?? 0n
  const charges = await chargesOf(world, told.subscriptions)
  const postedOf = async ({ accountId }: SimulatedPerson): Promise<bigint> => (await ledger.balance(accountId)).posted
  const left = (await abreast(told.people, postedOf)).reduce((sum, posted) => sum + posted, 0n)
  const usages = await usage.usagesSince(told.people.map(({ id }) => id), '2027-01-01')
  const readMs = usages.values().reduce((sum, sites) => sites.reduce((part, { attentionMs }) => part + attentionMs, sum), 0n)
  const payouts = await told.payouts()
  // What was set aside for a payout and has not come back.
  const gone = payouts.filter(({ payout: { status } }) => status !== 'failed' && status !== 'cancelled' && status !== 'returned')
  const earned: bigint[] = []
  let stillThere = 0n
  for (const { accountId } of told.publishers) {
    const { posted } = await ledger.balance(accountId)
    stillThere += posted
    earned.push(posted + gone.reduce((sum, { payout }) => (payout.accountId === accountId ? sum + payout.amount : sum), 0n))
  }
  const ordered = earned.toSorted((one, other) => (one < other ? -1 : one > other ? 1 : 0))
  const total = earned.reduce((sum, amount) => sum + amount, 0n)
  const { packets, fulfilled } = wallet.counters()
  const [{ ok, problems, transfers }, { ok: reconciled }] = [await ledger.verify(), await reconciliation.run()]
  const [providerCost, bankCost, losses] = [-of('cost[sandbox]'), -of('cost[sepa]'), -of('loss@wallet')]
  const net = charges.charged - charges.disputed
  const everything = [...balances.values()].reduce((sum, balance) => sum + balance, 0n) + left + stillThere
  return {
    ...spec,
    assetCode: asset.code,
    subscribersPaid: { charged: money(charges.charged), charges: charges.paid, declined: charges.declined, disputed: money(charges.disputed), disputes: charges.disputes, disputesWon: charges.won, ended: charges.ended, changes: told.changes },
    spent: { streamed: money(total - charges.shared - told.tips.amount), shared: money(charges.shared), tips: money(told.tips.amount), tipsGiven: told.tips.given, tipsRefused: told.tips.refused, left: money(left), hoursRead: Number(readMs / 3_600_000n), budgetsSpent: charges.budgetsSpent },
    publishersEarned: {
      total: money(total), most: money(ordered.at(-1) ?? 0n), median: money(ordered[Math.floor(ordered.length / 2)] ?? 0n), least: money(ordered[0] ?? 0n), paidOut: money(of('payout[sepa]') + of('payout[manual]') === 0n ? total - stillThere : gone.reduce((sum, { payout }) => sum + payout.amount, 0n)),
      payouts: gone.length, payoutsReturned: payouts.filter(({ payout }) => payout.status === 'returned').length, payoutFees: money(of('fee.payout')), left: money(stillThere),
    },
    operator: {
      fees: money(of('fee.subscription')), payoutFees: money(of('fee.payout')), providerCost: money(providerCost), bankCost: money(bankCost), losses: money(losses),
      feeRatioPercent: net <= 0n ? '0' : formatAmount(floorDivide((providerCost + bankCost) * 10_000n, net), { code: '%', scale: 2 }),
      left: money(of('fee.subscription') + of('fee.payout') + of('fee.streaming') - providerCost - bankCost - losses), vat: money(of('vat')),
    },
    streams: { opened: told.pages, packets, rejected: packets - fulfilled },
    books: { ok, transfers, problems, everyUnitAccounted: everything === 0n && of('sharing') === 0n, reconciled },
  }
}

async function chargesOf({ fundingStore }: World, subscriptions: readonly Id<'subs'>[]) {
  const sum = { charged: 0n, paid: 0, declined: 0, disputed: 0n, disputes: 0, won: 0, ended: 0, shared: 0n, budgetsSpent: 0 }
  const kept = await abreast(subscriptions, (id) => Promise.all([fundingStore.statements(id, statementsMax), fundingStore.byId(id), fundingStore.charges(id, chargesMax)]))
  for (const [statements, record, charges] of kept) {
    sum.shared += statements.reduce((all, { shares }) => all + shares.reduce((part, { amount }) => part + amount, 0n), 0n)
    if (statements.some(({ rest }) => rest === 0n)) sum.budgetsSpent += 1
    if (record?.subscription.status === 'ended') sum.ended += 1
    for (const { status, amount, disputesWon } of charges) {
      if (status === 'succeeded' || status === 'disputed') {
        sum.paid += 1
        sum.charged += amount
      } else sum.declined += 1
      if (status === 'disputed') sum.disputed += amount
      sum.disputes += disputesWon + (status === 'disputed' ? 1 : 0)
      sum.won += disputesWon
    }
  }
  return sum
}

function money(units: bigint): string {
  return formatAmount(units, asset)
}
