import { type Postgres, statement } from '@rivulet/postgres'

/** How far a visitor got on the way to a connection: the button was shown to her, she opened the popup, was signed in there, agreed, and the first packet was paid. */
export type JourneyStep = 'shown' | 'popup' | 'signed-in' | 'consented' | 'first-packet'

/** Upper bounds, seconds, of how long journeys took from the popup to the first packet; slower ones are abandoned. */
const journeySecondsMax: readonly number[] = [5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1_800]

export interface Journeys {
  /** Journeys that got so far; of `shown`, pages that offered the button. */
  readonly steps: Readonly<Record<JourneyStep, number>>
  /** Of those that were completed, by upper bound in seconds: how many took more than the bound before and at most this long. */
  readonly times: readonly { readonly secondsMax: number; readonly journeys: number }[]
}

/** How many read and how many paid, and of those who first paid in a month how many paid in each later one. */
export interface Activity {
  readonly active: number
  readonly paying: number
}

export interface CohortCell {
  /** First day of the month of the first payment, `2026-01-01`. */
  readonly cohort: string
  /** Months since. */
  readonly age: number
  readonly people: number
}

const columns = { popup: 'opened_ms', 'signed-in': 'signed_in_ms', consented: 'consented_ms' } as const
const cohortsMonths = 12

/** The statement that counts the first time that journeys get to a step. */
export function reached(step: keyof typeof columns, challenges: readonly string[], nowMs: number): string {
  const column = columns[step]
  return statement(
    `with reached as (update wallet.challenge set ${column} = $2 where challenge = any($1::text[]) and ${column} is null returning created_ms)
     insert into wallet.journey_day as j (day, step, journeys) select (to_timestamp(created_ms / 1000) at time zone 'UTC')::date, $3, count(*) from reached group by 1 order by 1
     on conflict (day, step) do update set journeys = j.journeys + excluded.journeys`, [challenges, nowMs, step])
}

/** Counts by day, of nobody in particular: a journey is known by its challenge, which is forgotten an hour after it expires. All days are those in UTC on which the journey was asked for. */
export class JourneyStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  /** The first time that a journey gets to a step is counted, whoever says so again. */
  async reach(step: keyof typeof columns, challenge: string, nowMs: number): Promise<void> {
    await this.#postgres.pool.query(reached(step, [challenge], nowMs))
  }

  /** The connections of these journeys' tokens have paid their first packets. */
  async paid(tokenHashes: readonly Buffer[], nowMs: number): Promise<void> {
    await this.#postgres.pool.query(
      `with reached as (update wallet.challenge set paid_ms = $2 where token_hash = any($1::bytea[]) and paid_ms is null and $2 - created_ms <= ${1_000 * (journeySecondsMax.at(-1) ?? 0)} returning created_ms, opened_ms),
       timed as (
         insert into wallet.journey_time as j (day, seconds_max, journeys)
         select (to_timestamp(created_ms / 1000) at time zone 'UTC')::date, (select min(bound) from unnest($3::int4[]) bound where bound * 1000::int8 >= $2 - opened_ms), count(*) from reached where opened_ms is not null group by 1, 2 order by 1, 2
         on conflict (day, seconds_max) do update set journeys = j.journeys + excluded.journeys)
       insert into wallet.journey_day as j (day, step, journeys) select (to_timestamp(created_ms / 1000) at time zone 'UTC')::date, 'first-packet', count(*) from reached group by 1 order by 1
       on conflict (day, step) do update set journeys = j.journeys + excluded.journeys`, [tokenHashes, nowMs, journeySecondsMax])
  }

  /** So many pages offered the button. */
  async shown(journeys: number, nowMs: number): Promise<void> {
    await this.#postgres.pool.query(
      `insert into wallet.journey_day as j (day, step, journeys) values ((to_timestamp($1::int8 / 1000) at time zone 'UTC')::date, 'shown', $2) on conflict (day, step) do update set journeys = j.journeys + excluded.journeys`, [nowMs, journeys])
  }

  /** Of the days from `fromDay` (UTC, `2026-01-31`) on. */
  async journeys(fromDay: string): Promise<Journeys> {
    const { rows } = await this.#postgres.pool.query<{ step: JourneyStep; journeys: bigint }>(`select step, sum(journeys)::int8 as journeys from wallet.journey_day where day >= $1 group by step`, [fromDay])
    const { rows: times } = await this.#postgres.pool.query<{ seconds_max: number; journeys: bigint }>(`select seconds_max, sum(journeys)::int8 as journeys from wallet.journey_time where day >= $1 group by 1 order by 1`, [fromDay])
    const count = (step: JourneyStep): number => Number(rows.find((row) => row.step === step)?.journeys ?? 0n)
    return { steps: { shown: count('shown'), popup: count('popup'), 'signed-in': count('signed-in'), consented: count('consented'), 'first-packet': count('first-packet') }, times: times.map((row) => ({ secondsMax: row.seconds_max, journeys: Number(row.journeys) })) }
  }

  async activity(fromDay: string): Promise<Activity> {
    const { rows } = await this.#postgres.pool.query<{ active: bigint; paying: bigint }>(`select count(distinct person_id) as active, count(distinct person_id) filter (where amount > 0) as paying from wallet.usage where day >= $1`, [fromDay])
    return { active: Number(rows[0]?.active ?? 0n), paying: Number(rows[0]?.paying ?? 0n) }
  }

  /** Of the last twelve months' first payers, who paid again in which month. Reads all usage: for the background. */
  async cohorts(): Promise<readonly CohortCell[]> {
    const { rows } = await this.#postgres.pool.query<{ cohort: string; age: number; people: bigint }>(
      `with paid as (select distinct person_id, date_trunc('month', day)::date as month from wallet.usage where amount > 0),
        begun as (select person_id, min(month) as cohort from paid group by 1)
       select cohort::text, (12 * (extract(year from month) - extract(year from cohort)) + extract(month from month) - extract(month from cohort))::int4 as age, count(*) as people
       from paid join begun using (person_id) where cohort > (select max(month) from paid) - interval '${cohortsMonths} months' group by 1, 2 order by 1, 2`)
    return rows.map(({ cohort, age, people }) => ({ cohort, age, people: Number(people) }))
  }
}
