import { isFault, messageOf } from '@rivulet/faults'
import type { Seal } from '@rivulet/ids'
import type { GuardedFetch } from '@rivulet/outbound'
import { signWebhook, webhookSignatureHeader } from '@rivulet/payment-proof'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import type { Claimed, NotifyStore, Outcome } from './store.ts'

export interface DelivererOptions {
  readonly store: NotifyStore
  /** Gives up after 10 s, and reaches no private address. */
  readonly fetch: GuardedFetch
  readonly seal: Seal
  readonly clock: Clock
  /** 0 to 1, for the jitter. */
  readonly random: () => number
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
  readonly log: { warn(fields: object, message: string): void }
}

const lookEveryMs = 1_000
const underWayMax = 32
const underWayPerEndpointMax = 4
/** Beyond what a request may take: after it the delivery is another's to try. */
export const leaseMs = 60_000
const backOffMsFirst = 5_000
const backOffMsMax = 6 * 3_600_000
const triesForMs = 3 * 24 * 3_600_000
const keptForMs = 30 * 24 * 3_600_000
const stopPatienceMs = 2_000

/** Sends what waits. Any number of processes may: each takes deliveries that no other has. One that ends with a request under way leaves it to the others after its lease. */
export class Deliverer implements AsyncDisposable {
  readonly #options: DelivererOptions
  readonly #underWay = new Map<string, number>()
  readonly #sending = new Set<Promise<void>>()
  #timer: Timer | undefined
  #looking: Promise<unknown> | undefined
  #stopped = false

  constructor(options: DelivererOptions) {
    this.#options = options
  }

  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#looking = this.#background().finally(() => {
        if (!this.#stopped) this.start()
      })
    }, { background: true })
  }

  /** Sends everything that is due now, and what becomes due by it, to the end. */
  async run(): Promise<void> {
    for (;;) {
      const started = await this.#look()
      if (this.#sending.size > 0) await Promise.race(this.#sending)
      else if (started === 0) return
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#looking
    if (this.#sending.size === 0) return
    let patience: Timer | undefined
    await Promise.race([Promise.allSettled(this.#sending), new Promise<void>((resolve) => (patience = this.#options.clock.after(stopPatienceMs, resolve)))])
    patience?.cancel()
  }

  async #background(): Promise<void> {
    const { store, clock, log, watch } = this.#options
    try {
      await watched(async () => {
        await this.#look()
        await store.forget(clock.nowMs() - keptForMs)
      }, { clock, everyMs: lookEveryMs, watch })
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'the webhooks that wait could not be read, it is tried again')
    }
  }

  async #look(): Promise<number> {
    const room = underWayMax - this.#sending.size
    if (room <= 0 || this.#stopped) return 0
    const nowMs = this.#options.clock.nowMs()
    const busy = [...this.#underWay].flatMap(([id, count]) => (count >= underWayPerEndpointMax ? [id] : []))
    const claimed = await this.#options.store.claim({ nowMs, leaseUntilMs: nowMs + leaseMs, limit: room, perEndpointMax: underWayPerEndpointMax, busy })
    for (const one of claimed) this.#begin(one)
    return claimed.length
  }

  #begin(claimed: Claimed): void {
    const { endpointId } = claimed
    this.#underWay.set(endpointId, (this.#underWay.get(endpointId) ?? 0) + 1)
    const sending = this.#send(claimed).finally(() => {
      this.#sending.delete(sending)
      const left = (this.#underWay.get(endpointId) ?? 1) - 1
      if (left > 0) this.#underWay.set(endpointId, left)
      else this.#underWay.delete(endpointId)
    })
    this.#sending.add(sending)
  }

  async #send(claimed: Claimed): Promise<void> {
    const { store, log } = this.#options
    try {
      await store.settle(claimed.id, claimed.attempts, await this.#attempt(claimed))
    } catch (error) {
      // Its lease runs out, and it is sent again: at least once.
      log.warn({ delivery: claimed.id, err: messageOf(error) }, 'how a webhook was answered could not be written, it is sent again')
    }
  }

  async #attempt({ id, eventId, endpointId, url, secretSealed, body, attempts, createdAtMs }: Claimed): Promise<Outcome> {
    const { fetch, seal, clock, random } = this.#options
    let answerCode: number | null = null
    let error: string | null = null
    try {
      const signature = signWebhook(body, seal.open(secretSealed, endpointId).toString('utf8'), clock.nowMs())
      const headers = { 'content-type': 'application/json', 'user-agent': 'Rivulet', 'rivulet-event': eventId, 'rivulet-delivery': id, [webhookSignatureHeader]: signature }
      answerCode = (await fetch(url, { method: 'POST', headers, body })).status
    } catch (failure) {
      error = isFault(failure) ? failure.code : 'internal'
    }
    const nowMs = clock.nowMs()
    if (answerCode !== null && answerCode >= 200 && answerCode < 300) return { status: 'delivered', answerCode, error, dueAtMs: nowMs }
    const dueAtMs = nowMs + backOffMs(attempts, random())
    return { status: dueAtMs > createdAtMs + triesForMs ? 'dead' : 'pending', answerCode, error, dueAtMs }
  }
}

/** 5 s after the first attempt, doubled each time up to 6 h, of which half to all is waited. */
function backOffMs(attempts: number, random: number): number {
  return Math.floor(Math.min(backOffMsFirst * 2 ** (attempts - 1), backOffMsMax) * (0.5 + random / 2))
}
