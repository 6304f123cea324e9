import type { KeyObject } from 'node:crypto'
import type { Accounts } from '@rivulet/accounts'
import type { Id } from '@rivulet/ids'
import type { GuardedFetch } from '@rivulet/outbound'
import type { Clock } from '@rivulet/time'
import { z } from 'zod'
import type { InstanceKey } from './instance-key.ts'
import { type ClientKeys, publicKeyOf } from './signed/signed-request.ts'

export interface ClientKeysOptions {
  readonly accounts: Pick<Accounts, 'walletAddressByUrl' | 'keysOf'>
  readonly fetch: GuardedFetch
  readonly clock: Clock
  readonly instance: InstanceKey
  /** Public origins of ours: what lies below them is never asked for over the network. */
  readonly ownOrigins: readonly string[]
}

interface KeySet {
  readonly keys: ReadonlyMap<string, KeyObject>
  readonly fetchedAtMs: number
}

/** How long another server's key set is believed: a key that is revoked there may sign here for so long. */
const freshMs = 300_000
/** A key that is not in the set may be new: the set is fetched again, but not more often than this for one client. */
const refetchMs = 5_000
const clientsMax = 10_000
const keysPerClientMax = 100
const keyObjectsMax = 20_000

const keySet = z.object({
  keys: z.array(z.object({ kid: z.string().max(200), kty: z.string(), crv: z.string().optional(), x: z.string().max(100).optional() })).max(1_000),
})

/**
 * The keys that clients publish at their wallet addresses (`jwks.json`, RFC 7517). Those of our own people are read from the accounts each time, so that a revoked
 * key signs nothing more; those of others are fetched, and remembered within bounds.
 */
export function createClientKeys({ accounts, fetch, clock, instance, ownOrigins }: ClientKeysOptions): ClientKeys {
  const sets = new Map<string, Promise<KeySet>>()
  /** Making a key object costs more than the signature's check. */
  const keyObjects = new Map<string, KeyObject>()

  /** Of our own people, by URL: an address keeps its id. */
  const addressIds = new Map<string, Id<'wadr'>>()

  const keyObjectOf = (x: string): KeyObject => {
    const known = keyObjects.get(x)
    if (known !== undefined) return known
    if (keyObjects.size >= keyObjectsMax) keyObjects.clear()
    const made = publicKeyOf(x)
    keyObjects.set(x, made)
    return made
  }

  const own = async (client: string, keyId: string): Promise<KeyObject | undefined> => {
    if (client === instance.walletAddress) return keyId === instance.keyId ? keyObjectOf(instance.jwk.x) : undefined
    const id = addressIds.get(client) ?? (await accounts.walletAddressByUrl(client))?.id
    if (id !== undefined && !addressIds.has(client)) {
      if (addressIds.size >= clientsMax) addressIds.clear()
      addressIds.set(client, id)
    }
    const key = id === undefined ? undefined : (await accounts.keysOf(id)).find(({ kid }) => kid === keyId)
    return key === undefined ? undefined : keyObjectOf(key.x)
  }

  const fetched = (client: string): Promise<KeySet> => {
    const asked = ask(client)
    sets.delete(client)
    sets.set(client, asked)
    const oldest = sets.size > clientsMax ? sets.keys().next() : undefined
    if (oldest?.done === false) sets.delete(oldest.value)
    // A failure is not remembered.
    asked.catch(() => {
      if (sets.get(client) === asked) sets.delete(client)
    })
    return asked
  }

  const ask = async (client: string): Promise<KeySet> => {
    const { status, body } = await fetch(`${client.replace(/\/$/, '')}/jwks.json`, { headers: { accept: 'application/json' } })
    return { keys: status === 200 ? keysIn(body) : new Map(), fetchedAtMs: clock.nowMs() }
  }

  return {
    async find(client, keyId) {
      const origin = URL.parse(client)?.origin
      if (origin !== undefined && ownOrigins.includes(origin)) return own(client, keyId)
      const known = await sets.get(client)
      const ageMs = known === undefined ? freshMs : clock.nowMs() - known.fetchedAtMs
      const key = known?.keys.get(keyId)
      if (known !== undefined && ageMs < (key === undefined ? refetchMs : freshMs)) return key
      return (await fetched(client)).keys.get(keyId)
    },
  }
}

/** What cannot be a key is left out; what is no key set holds none. */
function keysIn(body: Buffer): Map<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  try {
    const parsed = keySet.safeParse(JSON.parse(body.toString('utf8')))
    for (const { kid, kty, crv, x } of parsed.data?.keys ?? []) {
      if (kty === 'OKP' && crv === 'Ed25519' && x !== undefined && keys.size < keysPerClientMax) keys.set(kid, publicKeyOf(x))
    }
  } catch {
    // No JSON, or no point of the curve.
  }
  return keys
}
