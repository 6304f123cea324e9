/** ILP addresses (RFC 15): an allocation scheme and at least one segment, letters, digits, `_`, `~`, `-`, separated by dots. */

export const addressBytesMax = 1_023

const form = /^(?:g|private|example|peer|self|test[1-3]?|local)(?:\.[A-Za-z0-9_~-]+)+$/

export function isAddress(text: string): boolean {
  return text.length <= addressBytesMax && form.test(text)
}

/** Whether `address` is `prefix` itself or lies below it, segment by segment: `g.a.b` is below `g.a`, `g.ab` is not. */
export function isBelow(address: string, prefix: string): boolean {
  return address.startsWith(prefix) && (address.length === prefix.length || address.charCodeAt(prefix.length) === 0x2e)
}
