import type { FundingStore } from '@rivulet/funding'
import type { Ledger } from '@rivulet/ledger'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'
import type { JourneyStore } from '@rivulet/wallet'
import { cohortsOf, type CohortFigures, inAsset, type Indicators, indicatorsOf, type JourneyFigures, journeyOf, lifetimeValue, marginPerPayer, type PayoutFigures, type SingleTariff } from './indicators.ts'

export interface IndicatorSources {
  readonly ledger: Pick<Ledger, 'explorer'>
  readonly journeys: Pick<JourneyStore, 'journeys' | 'activity' | 'cohorts'>
  readonly charges: Pick<FundingStore, 'chargeCounts'>
  /** Of the payouts decided since, ms since 1970. */
  readonly payouts: (fromMs: number) => Promise<PayoutFigures>
  /** Of whoever charges cards; undefined where none is configured. */
  readonly tariff?: SingleTariff | undefined
  /** Of the installation: what is in other assets stands in no indicator. */
  readonly asset: Asset
  readonly clock: Clock
}

export interface IndicatorReport extends CohortFigures {
  readonly windows: readonly (Indicators & { readonly journey: JourneyFigures })[]
  /** Units; of the thirty days' margin and the cohorts' retention. */
  readonly lifetimeValue: string | null
  readonly assetCode: string
  readonly assetScale: number
}

const dayMs = 86_400_000
const windowsDays: readonly number[] = [7, 30, 90]

/** Everything that the page of indicators shows, from the rows themselves: today and the days before it, in UTC. For the background. */
export async function collectIndicators({ ledger, journeys, charges, payouts, tariff, asset, clock }: IndicatorSources): Promise<IndicatorReport> {
  const todayMs = Math.floor(clock.nowMs() / dayMs) * dayMs
  const windows: IndicatorReport['windows'][number][] = []
  for (const days of windowsDays) {
    const fromMs = todayMs - (days - 1) * dayMs
    const fromDay = dayOf(fromMs)
    const [{ flows, payments }, people, counts, journey, paidOut] = await Promise.all([ledger.explorer.flowsSince(fromMs), journeys.activity(fromDay), charges.chargeCounts(fromMs), journeys.journeys(fromDay), payouts(fromMs)])
    windows.push({ ...indicatorsOf(days, { flows: inAsset(flows, asset), payments, ...people, charges: counts, payouts: paidOut, tariff }), journey: journeyOf(journey) })
  }
  const cohorts = cohortsOf(await journeys.cohorts(), `${dayOf(todayMs).slice(0, 7)}-01`)
  const month = windows.find(({ days }) => days === 30)
  return { windows, ...cohorts, lifetimeValue: lifetimeValue(month && marginPerPayer(month), cohorts.monthlyRetention), assetCode: asset.code, assetScale: asset.scale }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
