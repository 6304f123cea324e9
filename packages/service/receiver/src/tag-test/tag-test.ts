/** Fetches a page and says what keeps readers from paying on it, in codes that the dashboard has words for. */
import { isFault, messageOf } from '@rivulet/faults'
import type { GuardedFetch } from '@rivulet/outbound'
import { parsePointer } from '@rivulet/web-monetization'
import { pageTags, type LinkTag } from './page-tags.ts'
import { forbiddenBy } from './policy.ts'

interface Finding {
  /** `wrong`: readers cannot pay, or pay somebody else. `note`: good to know. `good`: as it should be. */
  readonly weight: 'wrong' | 'note' | 'good'
  readonly code: FindingCode
  /** What the words fill in: an address, a directive. */
  readonly detail: string
}

type FindingCode =
  | 'page-address' | 'page-unreachable' | 'page-status' | 'page-no-html' | 'page-http' | 'page-redirects'
  | 'tag-missing' | 'tag-rel' | 'tag-noscript' | 'tag-template' | 'tag-comment' | 'tag-body' | 'tag-several' | 'tag-address' | 'tag-other' | 'tag-http' | 'tag-right' | 'meta-only'
  | 'pointer-silent' | 'pointer-answers'
  | 'script-missing' | 'script-foreign' | 'script-hidden' | 'script-right'
  | 'policy-script' | 'policy-frame' | 'policy-pointer' | 'opener-policy' | 'permission'

export interface TagTestParts {
  /** With limits; refuses addresses of this machine and network unless it is the sandbox. */
  readonly fetch: GuardedFetch
  /** Throws when there is nobody to pay. */
  readonly lookUp: (pointer: string) => Promise<unknown>
  /** Where `monetize.js` and the wallet's frame come from. */
  readonly walletUrl: string
  readonly allowLocal: boolean
}

export interface TagTest {
  /** Where the page was found in the end; null when it was not. */
  readonly page: string | null
  readonly ok: boolean
  readonly findings: readonly Finding[]
}

const tagsCheckedMax = 5

/** @param own the public URLs of the publisher's pointers */
export async function testTags(given: string, own: readonly string[], parts: TagTestParts): Promise<TagTest> {
  const url = pageUrl(given)
  if (url === undefined) return judged(null, [finding('wrong', 'page-address', given)])
  const answer = await parts.fetch(url, { headers: { accept: 'text/html,application/xhtml+xml', 'user-agent': 'Rivulet tag test' } }).catch((error: unknown) => error)
  if (!isAnswer(answer)) {
    if (url.protocol === 'http:' && isFault(answer, 'not-https')) return judged(null, [finding('wrong', 'page-http', url.href)])
    return judged(null, [finding('wrong', 'page-unreachable', messageOf(answer))])
  }
  const page = new URL(answer.url)
  const findings: Finding[] = []
  if (page.href !== url.href) findings.push(finding('note', 'page-redirects', page.href))
  if (answer.status >= 400) return judged(page.href, [...findings, finding('wrong', 'page-status', String(answer.status))])
  if (!/html/i.test(answer.headers['content-type'] ?? '')) return judged(page.href, [...findings, finding('wrong', 'page-no-html', answer.headers['content-type'] ?? '')])
  if (page.protocol === 'http:' && !parts.allowLocal) findings.push(finding('wrong', 'page-http', page.href))
  findings.push(...(await findingsOf(answer.body.toString('utf8'), { page, headers: answer.headers, own, parts })))
  return judged(page.href, findings)
}

interface Loaded {
  readonly page: URL
  readonly headers: Readonly<Record<string, string>>
  readonly own: readonly string[]
  readonly parts: TagTestParts
}

async function findingsOf(text: string, loaded: Loaded): Promise<readonly Finding[]> {
  const { page, headers, own } = loaded
  const tags = pageTags(text, new Set(own))
  const policies = [...(headers['content-security-policy'] === undefined ? [] : [headers['content-security-policy']]), ...tags.policies]
  const base = URL.parse(tags.base ?? '', page.href) ?? page
  const counting = tags.links.filter((link) => isMonetization(link) && (link.place === 'head' || link.place === 'body'))
  const findings: Finding[] = tags.links.flatMap(hiddenOrMisnamed)
  if (counting.length === 0 && findings.length === 0) findings.push(tags.meta.length === 0 ? finding('wrong', 'tag-missing', '') : finding('note', 'meta-only', tags.meta.join(' ')))
  if (counting.length > 1) findings.push(finding('note', 'tag-several', String(counting.length)))
  for (const link of counting.slice(0, tagsCheckedMax)) findings.push(...(await linkFindings(link, { ...loaded, base, policies })))
  findings.push(...scriptFindings(tags.scripts, { ...loaded, base, policies }))
  if (/^monetization=\(\)|[, ]monetization=\(\)/i.test(headers['permissions-policy'] ?? '')) findings.push(finding('wrong', 'permission', headers['permissions-policy'] ?? ''))
  if (/^same-origin$/i.test(headers['cross-origin-opener-policy']?.trim() ?? '') && findings.some(({ code }) => code === 'script-right')) findings.push(finding('wrong', 'opener-policy', ''))
  return findings
}

function isMonetization({ rel }: LinkTag): boolean {
  return rel.toLowerCase().split(/\s+/).includes('monetization')
}

function hiddenOrMisnamed(link: LinkTag): readonly Finding[] {
  if (!isMonetization(link)) return [finding('wrong', 'tag-rel', link.rel)]
  if (link.place === 'head') return []
  // The standard lets it stand in the body; in the head it is found before the page is whole.
  return link.place === 'body' ? [finding('note', 'tag-body', link.href)] : [finding('wrong', `tag-${link.place}`, link.href)]
}

async function linkFindings({ href }: LinkTag, { own, page, base, policies, parts }: Loaded & { readonly base: URL; readonly policies: readonly string[] }): Promise<readonly Finding[]> {
  const url = /^https?:\/\//i.test(href) ? URL.parse(href) : null
  if (url === null) return [finding('wrong', 'tag-address', href === '' ? (URL.parse(href, base.href)?.href ?? '') : href)]
  if (url.protocol === 'http:' && !parts.allowLocal) return [finding('wrong', 'tag-http', href)]
  const findings: Finding[] = [own.some((pointer) => sameAddress(pointer, url, parts.allowLocal)) ? finding('good', 'tag-right', href) : finding('wrong', 'tag-other', href)]
  const answers = await parts.lookUp(href).then(() => undefined, messageOf)
  findings.push(answers === undefined ? finding('good', 'pointer-answers', href) : finding('wrong', 'pointer-silent', answers))
  const forbidden = forbiddenBy(policies, 'monetization', { url, page })
  if (forbidden !== undefined) findings.push(finding('note', 'policy-pointer', forbidden))
  return findings
}

function scriptFindings(scripts: readonly { readonly src: string; readonly nonce: string | undefined; readonly place: LinkTag['place'] }[], { page, base, policies, parts }: Loaded & { readonly base: URL; readonly policies: readonly string[] }): readonly Finding[] {
  const ours = new URL('/monetize.js', parts.walletUrl)
  const named = scripts.flatMap((script) => {
    const url = URL.parse(script.src, base.href)
    return url !== null && url.pathname.endsWith('/monetize.js') ? [{ ...script, url }] : []
  })
  const [script] = named.filter(({ url }) => url.origin === ours.origin)
  if (script === undefined) return [named[0] === undefined ? finding('note', 'script-missing', ours.href) : finding('wrong', 'script-foreign', named[0].url.href)]
  if (script.place !== 'head' && script.place !== 'body') return [finding('wrong', 'script-hidden', script.place)]
  const findings: Finding[] = [finding('good', 'script-right', ours.href)]
  const blocked = forbiddenBy(policies, 'script', { url: script.url, page, nonce: script.nonce })
  if (blocked !== undefined) findings.push(finding('wrong', 'policy-script', blocked))
  const frame = forbiddenBy(policies, 'frame', { url: ours, page })
  if (frame !== undefined) findings.push(finding('wrong', 'policy-frame', frame))
  return findings
}

function sameAddress(pointer: string, url: URL, allowLocal: boolean): boolean {
  try {
    return parsePointer(pointer, { allowLocal }).href.replace(/\/$/, '') === url.href.replace(/\/$/, '')
  } catch {
    return false
  }
}

function pageUrl(given: string): URL | undefined {
  const text = given.trim()
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`)
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '' ? url : undefined
}

function isAnswer(answer: unknown): answer is Awaited<ReturnType<GuardedFetch>> {
  return typeof answer === 'object' && answer !== null && 'status' in answer && 'body' in answer
}

function finding(weight: Finding['weight'], code: FindingCode, detail: string): Finding {
  return { weight, code, detail: detail.slice(0, 300) }
}

const order = { wrong: 0, note: 1, good: 2 }

function judged(page: string | null, findings: readonly Finding[]): TagTest {
  return { page, ok: findings.every(({ weight }) => weight !== 'wrong'), findings: findings.toSorted((one, other) => order[one.weight] - order[other.weight]) }
}
