import type { Id } from '@rivulet/ids'
import { Batches } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { Connection, Subscriber } from './connection.ts'
import type { Pacer } from './pacer.ts'
import type { Log } from './paid-stream.ts'
import { Payer } from './payer.ts'
import type { WalletStore } from './store.ts'
import { monthOf, type UsageMeter } from './usage-meter.ts'

interface PayersDesk {
  readonly store: WalletStore
  readonly ledger: { available(id: Id<'acct'>): Promise<bigint> }
  readonly meter: UsageMeter
  readonly clock: Clock
  readonly log: Log
  readonly pacer: Pick<Pacer, 'pacesOf'>
  /** Who of them the operator has frozen. */
  frozenAmong(ids: readonly Id<'pers'>[]): Promise<ReadonlySet<Id<'pers'>>>
  /** Whether the operator has stopped all streams. */
  streamsStopped(): boolean
}

const loadedAtOnceMax = 200

/** The subscribers who have pages open, each loaded once. */
export class Payers {
  readonly #desk: PayersDesk
  readonly #known = new Map<Id<'pers'>, Payer>()
  readonly #loading = new Map<Id<'pers'>, Promise<Payer>>()
  /** Those who come at the same moment are read together. */
  readonly #loads = new Batches((subscribers: readonly Subscriber[]) => this.#load(subscribers), loadedAtOnceMax)

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
    const loading = this.#loading.get(personId) ?? this.#loads.add(subscriber)
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

  /** The operator has stopped all streams, or lets them go on. */
  switched(): void {
    for (const payer of this.#known.values()) payer.reconsider()
  }

  /** Reads again what subscribers may have changed through another process: pauses, what the operator froze, blocks, caps, rates, connections that ended; and bends the rates of budgets that are stretched. */
  async refresh(): Promise<void> {
    const payers = [...this.#known.values()]
    if (payers.length === 0) return
    const asked = payers.map((payer) => ({ payer, changes: payer.changes, connections: payer.connections() }))
    const [paces, frozen, live] = await Promise.all([
      this.#desk.pacer.pacesOf(payers.map(({ subscriber }) => subscriber)),
      this.#desk.frozenAmong(payers.map(({ subscriber }) => subscriber.personId)),
      this.#desk.store.liveConnections(asked.flatMap(({ connections }) => connections.map(({ id }) => id))),
    ])
    const byId = new Map<string, Connection>(live.map((connection) => [connection.id, connection]))
    for (const [index, { payer, changes, connections }] of asked.entries()) {
      // What she changed here while the rows were read is newer than they are.
      const pace = paces[index]
      if (payer.changes !== changes || pace === undefined) continue
      // Pages that came meanwhile are as fresh as these rows.
      for (const connection of payer.connections()) if (!connections.some(({ id }) => id === connection.id)) byId.set(connection.id, connection)
      payer.refresh({ paused: pace.paused, frozen: frozen.has(payer.subscriber.personId) }, byId)
      payer.setRate(pace.rate)
    }
  }

  async #load(subscribers: readonly Subscriber[]): Promise<readonly Payer[]> {
    const { clock, ledger, log, meter, pacer, store } = this.#desk
    const ids = subscribers.map(({ personId }) => personId)
    const [paces, frozen, usage] = await Promise.all([
      pacer.pacesOf(subscribers),
      this.#desk.frozenAmong(ids),
      // What an earlier visit used is written first, so that caps count it.
      meter.flush().then(() => store.usagesSince(ids, monthOf(clock.nowMs()))),
    ])
    return subscribers.map((subscriber, index) => {
      const pace = paces[index]
      const spentBySite = new Map((usage.get(subscriber.personId) ?? []).map(({ site, amount }) => [site, amount]))
      return new Payer({ clock, log, meter, available: () => ledger.available(subscriber.accountId), streamsStopped: () => this.#desk.streamsStopped() }, { subscriber, paused: pace?.paused ?? false, frozen: frozen.has(subscriber.personId), rate: pace?.rate ?? 0n, spentBySite })
    })
  }
}
