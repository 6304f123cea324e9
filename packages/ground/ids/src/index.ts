import { randomBytes, randomFillSync } from 'node:crypto'

export { Seal } from './seal.ts'

/** The kinds of object that carry an id, as prefixes: legible in logs and in psql, unmixable when compiled. */
export type IdKind = 'acct' | 'xfer' | 'strm' | 'grnt' | 'sess' | 'wadr' | 'key' | 'flsh' | 'ownr' | 'site' | 'conn' | 'evnt' | 'mail' | 'pers' | 'inpm' | 'quot' | 'outp' | 'tokn' | 'intr' | 'peer' | 'hook' | 'dlvr' | 'plan' | 'subs' | 'invc' | 'pout' | 'btch' | 'stmt' | 'splt' | 'tip' | 'apik' | 'pkey' | 'audt' | 'corr'

export type Id<Kind extends IdKind> = `${Kind}_${string}`

/** Crockford's base 32 without I, L, O, U: sorts like the number it writes. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz'
const poolBytes = 8_000
const pool = Buffer.alloc(poolBytes)
let taken = poolBytes

/**
 * A fresh id: prefix, 10 digits of time (ms), 16 digits (80 bits) of randomness. Ids of different milliseconds sort by age.
 * @param nowMs milliseconds since 1970 from the service's Clock
 */
export function newId<Kind extends IdKind>(kind: Kind, nowMs: number): Id<Kind> {
  if (taken + 16 > poolBytes) {
    randomFillSync(pool)
    taken = 0
  }
  let random = ''
  for (let place = 0; place < 16; place += 1) random += digits.charAt(pool.readUInt8(taken + place) % 32)
  taken += 16
  return `${kind}_${timeOf(nowMs)}${random}`
}

/** No id of this kind made at `ms` or later sorts before it, and none made earlier behind it. */
export function idFloor<Kind extends IdKind>(kind: Kind, ms: number): Id<Kind> {
  return `${kind}_${timeOf(ms)}${digits.charAt(0).repeat(16)}`
}

function timeOf(ms: number): string {
  let time = ''
  for (let rest = ms, place = 0; place < 10; place += 1, rest = Math.floor(rest / 32)) time = digits.charAt(rest % 32) + time
  return time
}

/** Whether `text` has the form of an id of this kind. */
export function isId<Kind extends IdKind>(kind: Kind, text: string): text is Id<Kind> {
  return text.startsWith(`${kind}_`) && /^[0-9a-hjkmnp-tv-z]{26}$/.test(text.slice(kind.length + 1))
}

/** A secret that cannot be guessed, base64url. `bytes` of randomness, 32 unless told. */
export function newSecret(bytes = 32): string {
  return randomBytes(bytes).toString('base64url')
}
