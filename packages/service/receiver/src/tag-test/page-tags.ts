/** What a page says about being paid, as a browser reads it. */
import { type DefaultTreeAdapterTypes, html, parse } from 'parse5'

/** Where a tag does not count. */
type Hidden = 'noscript' | 'template' | 'comment'

export interface LinkTag {
  readonly rel: string
  readonly href: string
  readonly place: 'head' | 'body' | Hidden
}

export interface PageTags {
  /** Each link tag with `rel=monetization` or something that was meant for it, and each whose address is one of those asked for. */
  readonly links: readonly LinkTag[]
  readonly scripts: readonly { readonly src: string; readonly nonce: string | undefined; readonly place: LinkTag['place'] }[]
  /** `<meta name="monetization">` of the days of Coil. */
  readonly meta: readonly string[]
  readonly policies: readonly string[]
  /** Of `<base href>`, against which addresses are read. */
  readonly base: string | undefined
}

type Node = DefaultTreeAdapterTypes.Node
type Element = DefaultTreeAdapterTypes.Element

/** What people write when they mean `monetization`. */
const meant = /moneti[sz]|payment|pay-?pointer/i
const depthMax = 512

/** Follows the HTML standard, with scripting on: what is in `<noscript>` is text there, and is read apart. @param wanted addresses whose link tags are found whatever their `rel` */
export function pageTags(text: string, wanted: ReadonlySet<string>): PageTags {
  const found = { links: [] as LinkTag[], scripts: [] as PageTags['scripts'][number][], meta: [] as string[], policies: [] as string[], base: undefined as string | undefined }
  const visit = (node: Node, place: LinkTag['place'], depth: number): void => {
    if (depth > depthMax) return
    if (node.nodeName === '#comment' && 'data' in node && place !== 'comment' && /<link/i.test(node.data)) visit(parse(node.data), 'comment', depth + 1)
    const element = 'tagName' in node ? node : undefined
    if (element !== undefined) take(element, place)
    const inner = place === 'head' || place === 'body' ? (placeIn(element) ?? place) : place
    if (inner === 'noscript' && element?.tagName === 'noscript') {
      const inside = element.childNodes.map((child) => ('value' in child ? child.value : '')).join('')
      if (inside !== '') return visit(parse(inside), 'noscript', depth + 1)
    }
    if (element !== undefined && 'content' in element) visit(element.content as Node, 'template', depth + 1)
    if ('childNodes' in node) for (const child of node.childNodes) visit(child, inner, depth + 1)
  }
  const take = (element: Element, place: LinkTag['place']): void => {
    if (element.namespaceURI !== html.NS.HTML) return
    const value = (name: string): string | undefined => element.attrs.find((attribute) => attribute.name === name)?.value
    const [rel = '', href = '', src, content = ''] = [value('rel'), value('href')?.trim(), value('src')?.trim(), value('content')?.trim()]
    if (element.tagName === 'link' && (meant.test(rel) || wanted.has(href))) found.links.push({ rel, href, place })
    if (element.tagName === 'script' && src !== undefined) found.scripts.push({ src, nonce: value('nonce'), place })
    if (element.tagName === 'meta' && value('name')?.toLowerCase() === 'monetization' && (place === 'head' || place === 'body')) found.meta.push(content)
    if (element.tagName === 'meta' && value('http-equiv')?.toLowerCase() === 'content-security-policy' && place === 'head') found.policies.push(content)
    if (element.tagName === 'base' && href !== '') found.base ??= href
  }
  visit(parse(text, { scriptingEnabled: true }), 'head', 0)
  return found
}

function placeIn(element: Element | undefined): LinkTag['place'] | undefined {
  if (element?.tagName === 'noscript' || element?.tagName === 'template') return element.tagName
  if (element?.tagName === 'body' || element?.tagName === 'head') return element.tagName
  return undefined
}
