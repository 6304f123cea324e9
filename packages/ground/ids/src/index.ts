import { randomBytes, randomFillSync } from 'node:crypto'

export { Seal } from './seal.ts'

/** The kinds of object that carry an id, as prefixes: legible in logs and in psql, unmixable when compiled. */
export type IdKind = 'acct' | 'xfer' | 'strm' | 'grnt' | 'sess' | 'wadr' | 'key' | 'flsh' | 'ownr' | 'site' | 'conn' | 'evnt' | 'mail' | 'pers' | 'inpm' | 'quot' | 'outp' | 'tokn' | 'intr' | 'peer' | 'hook' | 'dlvr' | 'plan' | 'subs' | 'invc' | 'pout' | 'btch' | 'stmt' | 'splt' | 'tip' | 'apik' | 'pkey' | 'audt' | 'corr' | 'rtrn'

export type Id<Kind extends IdKind> = `${Kind}_${string}`

/** Crockford's base 32 without I, L, O, U: sorts like the number it writes. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz'
const poolBytes = 8_000
const pool = Buffer.alloc(poolBytes)
let taken = poolBytes
const randomDigits = 16
/** Where an id is written: as characters put one behind the other it would keep every one of the pieces, three times its size. */
const id = Buffer.alloc(64)

/**
 * A fresh id: prefix, 10 digits of time (ms), 16 digits (80 bits) of randomness. Ids of different milliseconds sort by age.
 * @param nowMs milliseconds since 1970 from the service's Clock
 */
export function newId<Kind extends IdKind>(kind: Kind, nowMs: number): Id<Kind> {
  if (taken + randomDigits > poolBytes) {
    randomFillSync(pool)
    taken = 0
  }
  const length = id.write(`${kind}_${timeOf(nowMs)}`, 'latin1')
  for (let place = 0; place < randomDigits; place += 1) id[length + place] = digits.charCodeAt(pool.readUInt8(taken + place) % 32)
  taken += randomDigits
  return id.toString('latin1', 0, length + randomDigits) as Id<Kind>
}

/** No id of this kind made at `ms` or later sorts before it, and none made earlier behind it. */
export function idFloor<Kind extends IdKind>(kind: Kind, ms: number): Id<Kind> {
  return `${kind}_${timeOf(ms)}${digits.charAt(0).repeat(randomDigits)}`
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
