const separator = /[\t\n\f\r ]+/

/** Whether a `rel` attribute names monetization: a space-separated, ASCII-case-insensitive token list (HTML, link types). */
export function isMonetizationRel(rel: string): boolean {
  return rel.split(separator).some((token) => /^monetization$/i.test(token))
}

/** Whether a link's `type` attribute lets it be processed: absent, empty, or JSON, parameters aside. */
export function isMonetizationType(type: string): boolean {
  return /^(?:application\/json[\t ]*(?:;.*)?)?$/i.test(type.trim())
}
