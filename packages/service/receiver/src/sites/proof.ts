/** How a publisher proves that a site is hers: a TXT record of its name, or a file on it. */
import { isIP } from 'node:net'
import { isFault } from '@rivulet/faults'
import type { GuardedFetch } from '@rivulet/outbound'
import type { Finding, Findings, Site } from './site.ts'

/** The texts of all TXT records of a name, each in its pieces. Rejects with a DNS code such as ENOTFOUND (`node:dns`). */
export type ResolveTxt = (name: string) => Promise<readonly (readonly string[])[]>

const recordPrefix = '_rivulet'
const filePath = '/.well-known/rivulet-site.txt'
const textPrefix = 'rivulet-site='
/** More is no file of ours. */
const linesMax = 200

/** What the owner has to do; either is enough. */
export interface ProofInstructions {
  /** Absent where the site has no name, only an address of numbers. */
  readonly record: { readonly name: string; readonly text: string } | undefined
  readonly file: { readonly url: string; readonly text: string }
}

export function instructionsOf({ origin, token }: Pick<Site, 'origin' | 'token'>): ProofInstructions {
  const text = `${textPrefix}${token}`
  const name = recordNameOf(origin)
  return { record: name === undefined ? undefined : { name, text }, file: { url: `${origin}${filePath}`, text } }
}

/** Looks at both places. Never throws. */
export async function lookForProof(site: Pick<Site, 'origin' | 'token'>, { fetch, resolveTxt }: { readonly fetch: GuardedFetch; readonly resolveTxt: ResolveTxt }): Promise<Findings> {
  const { record, file } = instructionsOf(site)
  const [dns, found] = await Promise.all([record === undefined ? undefined : recordFinding(record, resolveTxt), fileFinding(file, site.origin, fetch)])
  return { dns: dns ?? 'no-name', file: found }
}

async function recordFinding({ name, text }: { readonly name: string; readonly text: string }, resolveTxt: ResolveTxt): Promise<Finding> {
  try {
    const records = await resolveTxt(name)
    if (records.some((pieces) => pieces.join('').trim() === text)) return 'found'
    return records.length === 0 ? 'nothing' : 'other-text'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    return code === 'ENOTFOUND' || code === 'ENODATA' ? 'nothing' : 'no-answer'
  }
}

async function fileFinding({ url, text }: { readonly url: string; readonly text: string }, origin: string, fetch: GuardedFetch): Promise<Finding> {
  try {
    const answer = await fetch(url, { headers: { accept: 'text/plain' } })
    // Who answers for another site has no say about this one: an open redirect would prove anything.
    if (new URL(answer.url).origin !== origin) return 'other-site'
    if (answer.status === 429 || answer.status >= 500) return 'no-answer'
    if (answer.status !== 200) return 'nothing'
    const lines = answer.body.toString('utf8').split('\n', linesMax)
    return lines.some((line) => line.trim() === text) ? 'found' : 'other-text'
  } catch (error) {
    return isFault(error, 'body-too-large') ? 'other-text' : isFault(error, 'too-many-redirects') ? 'other-site' : 'no-answer'
  }
}

function recordNameOf(origin: string): string | undefined {
  const { hostname } = new URL(origin)
  return isIP(hostname.replace(/^\[|\]$/g, '')) === 0 ? `${recordPrefix}.${hostname}` : undefined
}
