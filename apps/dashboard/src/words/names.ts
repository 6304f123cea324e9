/** An origin as people know it: without https, with http where that is what it is. */
export function shortSite(site: string): string {
  return site.replace(/^https:\/\//, '')
}

/** A payment pointer as people know it: `https://host/name` as `$host/name`; an http one of the sandbox as it is. */
export function shortPointer(pointer: string): string {
  return pointer.replace(/^https:\/\//, '$').replace(/\/\.well-known\/pay$/, '')
}

/** A payment pointer in two parts, the one that tells people apart first: what fits on a line is cut at its end. */
export function pointerParts(pointer: string): { readonly name: string; readonly host: string } {
  const match = /^https?:\/\/([^/]+)\/(?:\.well-known\/pay$)?(.*)$/.exec(pointer)
  const [, host = '', name = ''] = match ?? []
  return name === '' ? { name: host === '' ? pointer : host, host: '' } : { name, host }
}
