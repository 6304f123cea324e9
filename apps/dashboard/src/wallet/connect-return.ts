/** How the popup gives the code back: to its opener, or by going to the page it came from. */

/** The page to go back to from the address's fragment, only if it belongs to the site that asked. */
export function returnAddress(fragment: string, site: string): URL | undefined {
  const text = new URLSearchParams(fragment.replace(/^#/, '')).get('return')
  if (text === null || !URL.canParse(text)) return undefined
  const address = new URL(text)
  return address.origin === site && (address.protocol === 'https:' || address.protocol === 'http:') ? address : undefined
}

/** The same page with the code in its fragment: a fragment reaches no server and no log. */
export function withCode(address: URL, code: string): string {
  const next = new URL(address)
  next.hash = `rivulet-code=${encodeURIComponent(code)}`
  return next.href
}
