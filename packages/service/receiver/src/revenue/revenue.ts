/** What a publisher has earned in a period, by site, pointer and day, beside the period of the same length before it. All amounts are the ledger's. */
import type { WalletAddress } from '@rivulet/accounts'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import { type Days, isoDay } from '@rivulet/time'
import { periodOf, StatementFault } from '../statements/statement.ts'

interface Pair {
  readonly amount: bigint
  readonly before: bigint
}

/** Of all pointers that count in one asset. */
interface AssetRevenue extends Pair {
  readonly asset: Asset
  /** The most first; `site` is undefined where no reader of this provider's wallets brought it. */
  readonly bySite: readonly (Pair & { readonly site: string | undefined })[]
  readonly byPointer: readonly (Pair & { readonly pointer: string })[]
  /** Each day of the period in order, with the day that lies as far into the period before. */
  readonly byDay: readonly (Pair & { readonly day: string })[]
  /** Day, pointer and site together, where something moved: what the CSV has. */
  readonly lines: readonly { readonly day: string; readonly pointer: string; readonly site: string | undefined; readonly amount: bigint }[]
}

export interface Revenue {
  readonly period: Days
  readonly before: Days
  readonly assets: readonly AssetRevenue[]
}

const dayMs = 86_400_000
const linesMax = 20_000
/** What earns: readers and payments, shares of budgets, and what pointers pass on to each other, which counts on both sides. Payouts, their return and corrections are no revenue. */
const earning: ReadonlySet<string> = new Set(['stream', 'share', 'split'])

/** Throws `period-invalid`, `statement-too-long`. */
export async function revenueOf(addresses: readonly WalletAddress[], period: Days, ledger: Pick<Ledger, 'movements'>): Promise<Revenue> {
  const before = periodBefore(period)
  const accountIds = addresses.map(({ ledgerAccountId }) => ledgerAccountId)
  const [now, then] = await Promise.all([period, before].map(async ({ fromMs, untilMs }) => {
    const found = await ledger.movements(accountIds, { fromMs, untilMs, limit: linesMax })
    if (found === undefined) throw new StatementFault('statement-too-long', `this period, or the one before it, has more than ${linesMax} lines: choose fewer days`)
    return found.movements.filter(({ reason }) => earning.has(reason))
  }))
  const byAsset = Map.groupBy(addresses, ({ asset }) => `${asset.code} ${asset.scale}`)
  const assets = Array.from(byAsset.values(), (group) => {
    const pointers = new Map(group.map(({ ledgerAccountId, url }) => [ledgerAccountId, url]))
    const own = (movements = now): Line[] => (movements ?? []).flatMap(({ accountId, day, site, amount }) => {
      const pointer = pointers.get(accountId)
      return pointer === undefined ? [] : [{ day, pointer, site, amount }]
    })
    return assetRevenue(group, { asset: group[0]?.asset ?? { code: '', scale: 0 }, period, before }, [own(now), own(then)])
  })
  return { period, before, assets }
}

function periodBefore({ fromMs, untilMs }: Days): Days {
  const lengthMs = untilMs - fromMs
  if (fromMs < lengthMs) throw new StatementFault('period-invalid', 'there is no time before that')
  return periodOf({ from: isoDay(fromMs - lengthMs), to: isoDay(fromMs - dayMs) })
}

interface Line {
  /** Days since 1970. */
  readonly day: number
  readonly pointer: string
  readonly site: string | undefined
  readonly amount: bigint
}

function assetRevenue(addresses: readonly WalletAddress[], { asset, period, before }: { readonly asset: Asset; readonly period: Days; readonly before: Days }, [now, then]: readonly [readonly Line[], readonly Line[]]): AssetRevenue {
  const pairs = <Key>(keyOf: (line: Line) => Key, first: Iterable<Key> = []): [Key, Pair][] => {
    const sums = new Map<Key, { amount: bigint; before: bigint }>(Array.from(first, (key) => [key, { amount: 0n, before: 0n }]))
    for (const [lines, side] of [[now, 'amount'], [then, 'before']] as const) {
      for (const line of lines) {
        const sum = sums.get(keyOf(line)) ?? { amount: 0n, before: 0n }
        sum[side] += line.amount
        sums.set(keyOf(line), sum)
      }
    }
    return [...sums]
  }
  const total = (lines: readonly Line[]): bigint => lines.reduce((sum, { amount }) => sum + amount, 0n)
  const firstDay = period.fromMs / dayMs
  const shift = (period.fromMs - before.fromMs) / dayMs
  const days = Array.from({ length: (period.untilMs - period.fromMs) / dayMs }, (_, index) => firstDay + index)
  const lines = new Map<string, { day: string; pointer: string; site: string | undefined; amount: bigint }>()
  for (const { day, pointer, site, amount } of now) {
    const key = `${day} ${pointer} ${site}`
    lines.set(key, { day: isoDay(day * dayMs), pointer, site, amount: (lines.get(key)?.amount ?? 0n) + amount })
  }
  return {
    asset, amount: total(now), before: total(then),
    bySite: pairs(({ site }) => site).map(([site, pair]) => ({ site, ...pair })).toSorted(mostFirst),
    byPointer: pairs(({ pointer }) => pointer, addresses.map(({ url }) => url)).map(([pointer, pair]) => ({ pointer, ...pair })).toSorted(mostFirst),
    byDay: pairs(({ day }) => (day < firstDay ? day + shift : day), days).map(([day, pair]) => ({ day: isoDay(day * dayMs), ...pair })),
    lines: [...lines.values()],
  }
}

function mostFirst(one: Pair, other: Pair): number {
  return one.amount === other.amount ? Number(other.before > one.before) - Number(other.before < one.before) : other.amount > one.amount ? 1 : -1
}
