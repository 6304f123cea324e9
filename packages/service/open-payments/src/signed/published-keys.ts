import { isFault } from '@rivulet/faults'
import type { GuardedFetch } from '@rivulet/outbound'
import { z } from 'zod'
import { type ClientKeys, publicKeyOf } from './signed-request.ts'

const keySet = z.object({ keys: z.array(z.object({ kid: z.string(), kty: z.string().optional(), crv: z.string().optional(), x: z.string().optional() })).max(1_000) })

/** Keys as wallet addresses publish them, at `jwks.json` below (RFC 7517). */
export function publishedKeys(fetch: GuardedFetch): ClientKeys {
  return {
    async find(walletAddress, kid) {
      const { status, body } = await fetch(`${walletAddress.replace(/\/$/, '')}/jwks.json`, { headers: { accept: 'application/json' } })
      try {
        const parsed = status === 200 ? keySet.safeParse(JSON.parse(body.toString('utf8'))) : undefined
        const key = parsed?.data?.keys.find((one) => one.kid === kid && one.kty === 'OKP' && one.crv === 'Ed25519')
        return key?.x === undefined ? undefined : publicKeyOf(key.x)
      } catch (error) {
        // No JSON, or no point of the curve.
        if (isFault(error)) throw error
        return undefined
      }
    },
  }
}
