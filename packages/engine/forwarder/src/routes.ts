import { Fault } from '@rivulet/faults'
import { isAddress } from '@rivulet/ilp'
import type { Target } from './rule.ts'

/** ILP address prefixes and whom they name. A prefix matches whole segments: `g.a` holds `g.a.b`, not `g.ab` (RFC 15). */
export class Routes {
  readonly #targets = new Map<string, Target>()

  /** Throws Fault `prefix-invalid`, `prefix-taken`. */
  add(prefix: string, target: Target): void {
    if (!isAddress(prefix) && !/^[a-z0-9]+$/.test(prefix)) throw new Fault('prefix-invalid', `not an ILP address prefix: ${JSON.stringify(prefix.slice(0, 100))}`)
    if (this.#targets.has(prefix)) throw new Fault('prefix-taken', `${prefix} already has a route; remove that one first`)
    this.#targets.set(prefix, target)
  }

  remove(prefix: string): void {
    this.#targets.delete(prefix)
  }

  /** Removes every route to this peer. */
  removePeer(peerId: string): void {
    for (const [prefix, target] of this.#targets) if (target.kind === 'peer' && target.peer.id === peerId) this.#targets.delete(prefix)
  }

  /** The target of the longest prefix that holds `address`. */
  find(address: string): Target | undefined {
    for (let end = address.length; end > 0; end = address.lastIndexOf('.', end - 1)) {
      const target = this.#targets.get(end === address.length ? address : address.slice(0, end))
      if (target !== undefined) return target
    }
    return undefined
  }
}
