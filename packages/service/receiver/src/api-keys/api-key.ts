import { createHash } from 'node:crypto'
import { Fault } from '@rivulet/faults'
import { type Id, newSecret } from '@rivulet/ids'
import { z } from 'zod'

export type ApiKeyFaultCode = 'api-key-invalid' | 'api-key-unknown' | 'api-keys-too-many'
export class ApiKeyFault extends Fault<ApiKeyFaultCode> {}

/** What a key may read; no key changes anything. */
const apiKeyScopes = ['statements', 'revenue', 'payments', 'webhooks'] as const
export type ApiKeyScope = (typeof apiKeyScopes)[number]

/** A key with which a publisher's server reads for her. The key itself is nowhere: only its SHA-256. */
export interface ApiKey {
  readonly id: Id<'apik'>
  readonly personId: Id<'pers'>
  readonly name: string
  /** Its first characters, by which people tell keys apart. */
  readonly start: string
  readonly scopes: readonly ApiKeyScope[]
  readonly createdAtMs: number
  /** To the minute. */
  readonly usedAtMs: number | undefined
  readonly revokedAtMs: number | undefined
}

export const newApiKey = z.strictObject({
  name: z.string().trim().min(1).max(60).regex(/^\P{Cc}*$/u),
  scopes: z.array(z.enum(apiKeyScopes)).min(1).max(apiKeyScopes.length).refine((scopes) => new Set(scopes).size === scopes.length),
})

const prefix = 'rvk_'
const startCharacters = 8

/** 256 bits of randomness, and a word in front by which scanners find a key that was published by mistake. */
export function makeKey(): { readonly key: string; readonly start: string; readonly hash: Buffer } {
  const key = `${prefix}${newSecret()}`
  return { key, start: key.slice(0, prefix.length + startCharacters), hash: hashOfKey(key) }
}

/** Without a salt: a key is random, so there is nothing to guess. */
export function hashOfKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}
