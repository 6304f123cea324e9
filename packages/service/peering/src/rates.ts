import { messageOf } from '@rivulet/faults'
import type { RateOf } from '@rivulet/forwarder'
import type { LinkLog } from '@rivulet/links'
import { type Asset, type Ratio, ratioOfDecimal } from '@rivulet/money'
import type { GuardedFetch } from '@rivulet/outbound'
import type { Clock, Timer } from '@rivulet/time'
import { z } from 'zod'
import { PeeringFault } from './fault.ts'

/** What one whole unit of `base` is worth in each currency: a table that stands, or an address that is asked every so often. */
export type RateSource =
  | { readonly base: string; readonly rates: Readonly<Record<string, string>> }
  | { readonly base: string; readonly url: string; readonly everyMs: number; readonly ageMsMax: number }

export interface RatesOptions {
  readonly source: RateSource | undefined
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly log: LinkLog
}

const retryMs = 5_000
const currency = z.string().regex(/^[A-Z]{3,8}$/)
/** Numbers are read as the decimal that they are written as. Whoever writes more digits than a double holds sends strings. */
const answerSchema = z.object({ base: currency.optional(), rates: z.record(currency, z.union([z.string(), z.number()]).transform(String)) })

/** Exchange rates between currencies, and the exact ones between scales of one currency. Older than the source allows, or never had: none is known, and nothing is exchanged. */
export class Rates implements Disposable {
  readonly #options: RatesOptions
  #table: ReadonlyMap<string, Ratio> = new Map()
  #knownUntilMs = Infinity
  #timer: Timer | undefined
  #stopped = false

  /** Throws PeeringFault `rates-unusable`, for a table. */
  constructor(options: RatesOptions) {
    this.#options = options
    if (options.source !== undefined && 'rates' in options.source) this.#table = tableOf(options.source.base, options.source.rates)
  }

  /** Asks the source, if it must be asked, and goes on asking. Resolves after the first answer, whatever it was. */
  async start(): Promise<void> {
    const { source, clock, log } = this.#options
    if (source === undefined || !('url' in source) || this.#stopped) return
    let nextMs = source.everyMs
    try {
      const askedMs = clock.monotonicMs()
      this.#table = await this.#fetched(source)
      this.#knownUntilMs = askedMs + source.ageMsMax
    } catch (error) {
      log.warn({ url: source.url, error: messageOf(error) }, 'exchange rates could not be fetched; the last ones are used until they are too old')
      nextMs = Math.min(retryMs, source.everyMs)
    }
    if (!this.#isStopped()) this.#timer = clock.after(nextMs, () => void this.start(), { background: true })
  }

  /** Units of `to` for one unit of `from`; undefined when no rate is known now. */
  readonly rateOf: RateOf = (from: Asset, to: Asset) => {
    const scales: Ratio = { numerator: 10n ** BigInt(to.scale), denominator: 10n ** BigInt(from.scale) }
    if (from.code === to.code) return scales
    if (this.#options.clock.monotonicMs() >= this.#knownUntilMs) return undefined
    const [one, other] = [this.#table.get(from.code), this.#table.get(to.code)]
    if (one === undefined || other === undefined) return undefined
    return { numerator: scales.numerator * other.numerator * one.denominator, denominator: scales.denominator * other.denominator * one.numerator }
  }

  [Symbol.dispose](): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #isStopped(): boolean {
    return this.#stopped
  }

  async #fetched({ url, base }: { readonly url: string; readonly base: string }): Promise<ReadonlyMap<string, Ratio>> {
    const { status, body } = await this.#options.fetch(url, { headers: { accept: 'application/json' } })
    if (status !== 200) throw new PeeringFault('rates-unusable', `the source of rates answers with status ${status}`)
    const answer = answerSchema.safeParse(JSON.parse(body.toString('utf8')))
    if (!answer.success) throw new PeeringFault('rates-unusable', 'the source of rates must answer {"base":"EUR","rates":{"USD":"1.08"}}')
    if (answer.data.base !== undefined && answer.data.base !== base) throw new PeeringFault('rates-unusable', `the source gives rates of ${answer.data.base}, the configuration says ${base}`)
    return tableOf(base, answer.data.rates)
  }
}

function tableOf(base: string, rates: Readonly<Record<string, string>>): ReadonlyMap<string, Ratio> {
  const table = new Map<string, Ratio>([[base, { numerator: 1n, denominator: 1n }]])
  for (const [code, rate] of Object.entries(rates)) {
    if (code === base) continue
    try {
      table.set(code, ratioOfDecimal(rate))
    } catch (error) {
      throw new PeeringFault('rates-unusable', `the rate of ${code} must be a positive decimal: ${messageOf(error)}`, { cause: error })
    }
  }
  return table
}
