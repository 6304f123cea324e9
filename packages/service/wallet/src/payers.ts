import type { Id } from '@rivulet/ids'
import type { Balance } from '@rivulet/ledger'
import type { Clock } from '@rivulet/time'
import type { Connection, Subscriber } from './connection.ts'
import type { Log } from './paid-stream.ts'
import { Payer } from './payer.ts'
import type { WalletStore } from './store.ts'
import { monthOf, type UsageMeter } from './usage-meter.ts'

interface PayersDesk {
  readonly store: WalletStore
  readonly ledger: { balance(id: Id<'acct'>): Promise<Balance> }
  readonly meter: UsageMeter
  readonly clock: Clock
  readonly log: Log
  /** Units a second, of whom no plan says otherwise. */
  readonly rate: bigint
  ratesOf(personIds: readonly Id<'pers'>[]): Promise<ReadonlyMap<Id<'pers'>, bigint>>
}

/** The subscribers who have pages open, each loaded once. */
export class Payers {
  readonly #desk: PayersDesk
  readonly #known = new Map<Id<'pers'>, Payer>()
  readonly #loading = new Map<Id<'pers'>, Promise<Payer>>()

  constructor(desk: PayersDesk) {
    this.#desk = desk
  }

  known(personId: Id<'pers'>): Payer | undefined {
    return this.#known.get(personId)
  }

  /** Throws what the database throws. */
  async of(subscriber: Subscriber): Promise<Payer> {
    const { personId } = subscriber
    const known = this.#known.get(personId)
    if (known !== undefined) return known
    const loading = this.#loading.get(personId) ?? this.#load(subscriber)
    this.#loading.set(personId, loading)
    try {
      const payer = await loading
      this.#known.set(personId, payer)
      return payer
    } finally {
      this.#loading.delete(personId)
    }
  }

  /** Called every second by the wallet. */
  sweep(): void {
    for (const [personId, payer] of this.#known) {
      if (payer.idle) this.#known.delete(personId)
      else payer.sweep()
    }
  }

  /** Reads again what subscribers may have changed through another process: pauses, blocks, caps, connections that ended; and the rates of their plans. */
  async refresh(): Promise<void> {
    const payers = [...this.#known.values()]
    if (payers.length === 0) return
    const asked = payers.map((payer) => ({ payer, changes: payer.changes, connections: payer.connections() }))
    const [rates, paused, live] = await Promise.all([
      this.#desk.ratesOf(payers.map(({ subscriber }) => subscriber.personId)),
      this.#desk.store.pausedAmong(payers.map(({ subscriber }) => subscriber.personId)),
      this.#desk.store.liveConnections(asked.flatMap(({ connections }) => connections.map(({ id }) => id))),
    ])
    const byId = new Map<string, Connection>(live.map((connection) => [connection.id, connection]))
    for (const { payer, changes, connections } of asked) {
      // What she changed here while the rows were read is newer than they are.
      if (payer.changes !== changes) continue
      // Pages that came meanwhile are as fresh as these rows.
      for (const connection of payer.connections()) if (!connections.some(({ id }) => id === connection.id)) byId.set(connection.id, connection)
      payer.refresh(paused.has(payer.subscriber.personId), byId)
      payer.setRate(rates.get(payer.subscriber.personId) ?? this.#desk.rate)
    }
  }

  async #load(subscriber: Subscriber): Promise<Payer> {
    const { clock, ledger, log, meter, store } = this.#desk
    // What an earlier visit used is written first, so that caps count it.
    await meter.flush()
    const [rates, paused, usage] = await Promise.all([this.#desk.ratesOf([subscriber.personId]), store.isPaused(subscriber.personId), store.usageSince(subscriber.personId, monthOf(clock.nowMs()))])
    const available = async (): Promise<bigint> => {
      const { posted, pending } = await ledger.balance(subscriber.accountId)
      return posted > pending ? posted - pending : 0n
    }
    return new Payer({ clock, log, meter, available }, { subscriber, paused, rate: rates.get(subscriber.personId) ?? this.#desk.rate, spentBySite: new Map(usage.map(({ site, amount }) => [site, amount])) })
  }
}
