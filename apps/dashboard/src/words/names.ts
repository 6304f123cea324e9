/** An origin as people know it: without https, with http where that is what it is. */
export function shortSite(site: string): string {
  return site.replace(/^https:\/\//, '')
}

/** A payment pointer as people know it: `https://host/name` as `$host/name`; an http one of the sandbox as it is. */
export function shortPointer(pointer: string): string {
  return pointer.replace(/^https:\/\//, '$').replace(/\/\.well-known\/pay$/, '')
}
