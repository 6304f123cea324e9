import { messageOf } from '@rivulet/faults'
import { ErrorCode, type LateListener, type PacketHandler, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'
import { defaultLimits, type DuplexLink, type LinkLimits, neverLeft, noHandler } from './link.ts'
import { PendingRequests } from './pending-requests.ts'

/** One end of a link inside this process. */
export interface MemoryLink extends DuplexLink {
  /** Breaks the link, for both ends: what is in flight is in doubt. */
  close(): void
}

class MemoryEnd implements MemoryLink {
  readonly #clock: Clock
  readonly #limits: LinkLimits
  readonly #pending: PendingRequests
  #handler: PacketHandler = noHandler
  #other: MemoryEnd | undefined

  constructor(clock: Clock, limits: LinkLimits) {
    this.#clock = clock
    this.#limits = limits
    this.#pending = new PendingRequests(clock, limits.lateAnswersMax)
  }

  static join(left: MemoryEnd, right: MemoryEnd): void {
    left.#other = right
    right.#other = left
  }

  receive(handler: PacketHandler): void {
    this.#handler = handler
  }

  send(prepare: Prepare, late?: LateListener): Promise<Reply> {
    const other = this.#other
    if (other === undefined) return neverLeft.notConnected()
    if (prepare.expiresAtMs <= this.#clock.nowMs()) return neverLeft.expired()
    if (this.#pending.size >= this.#limits.requestsInFlightMax) return neverLeft.busy()
    return new Promise((resolve, fail) => {
      const id = this.#pending.open({ expiresAtMs: prepare.expiresAtMs, resolve, reject: fail, late })
      other.#handler(prepare).then(
        (reply) => this.#pending.settle(id, reply),
        (error: unknown) => this.#pending.settle(id, reject(ErrorCode.internalError, '', messageOf(error))),
      )
    })
  }

  close(): void {
    const other = this.#other
    this.#other = undefined
    this.#pending.failAll('the link was closed')
    other?.close()
  }
}

/** Two ends of a link inside this process: for tests and benches, and where two roles share one. */
export function memoryLinkPair({ clock, limits = {} }: { readonly clock: Clock; readonly limits?: Partial<LinkLimits> }): [MemoryLink, MemoryLink] {
  const left = new MemoryEnd(clock, { ...defaultLimits, ...limits })
  const right = new MemoryEnd(clock, { ...defaultLimits, ...limits })
  MemoryEnd.join(left, right)
  return [left, right]
}
