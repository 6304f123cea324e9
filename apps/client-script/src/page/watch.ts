/** Finds what a page monetizes, wherever it stands and however it changes. */
import { isMonetizationType } from '@rivulet/web-monetization'

const attributes = ['rel', 'href', 'disabled', 'type', 'crossorigin', 'name', 'content']
const linkSelector = 'link[rel~=monetization i][href]:not([href=""],[disabled])'
const roots = new Set<Document | ShadowRoot>()
const attached = new WeakMap<object, ShadowRoot>()

/** The elements that monetize this page now, in order: its links, else its legacy meta tag; with the pointer of each as it was found. */
export function monetizingElements(): Map<Element, string> {
  const found = new Map<Element, string>()
  for (const root of roots) {
    if (!root.isConnected) roots.delete(root)
    else for (const link of root.querySelectorAll<HTMLLinkElement>(linkSelector)) if (isMonetizationType(link.type)) found.set(link, link.href)
  }
  if (found.size > 0 || window !== top) return found
  for (const meta of document.querySelectorAll<HTMLMetaElement>('head>meta[name=monetization i][content]')) {
    if (found.size > 0) console.error('Rivulet: only the first monetization meta tag counts')
    else found.set(meta, meta.content)
  }
  return found
}

/**
 * Calls `changed` in a microtask after every change that may matter. `isRestarted` tells of an element that it left the tree or got another
 * pointer meanwhile, even when it now looks as before.
 */
export function watch(changed: (isRestarted: (element: Element) => boolean) => void): void {
  const observer = new MutationObserver((records) => {
    for (const { addedNodes } of records) for (const node of addedNodes) if (node instanceof Element) lookInto(node)
    changed((element) => records.some(({ target, attributeName, oldValue, removedNodes }) => {
      if (attributeName !== null) return target === element && /^(href|crossorigin|content)$/.test(attributeName) && element.getAttribute(attributeName) !== oldValue
      return [...removedNodes].some((node) => node.contains(element))
    }))
  })
  const observe = (root: Document | ShadowRoot): void => {
    if (roots.has(root)) return
    roots.add(root)
    observer.observe(root, { childList: true, subtree: true, attributeFilter: attributes, attributeOldValue: true })
    lookInto(root)
  }
  const lookInto = (node: ParentNode): void => {
    for (const element of [node, ...node.querySelectorAll('*')]) {
      const root = attached.get(element) ?? (element as Element).shadowRoot
      if (root) observe(root)
    }
  }
  // Closed shadow roots are seen only when they are made.
  const prototype: { attachShadow: (this: Element, init: ShadowRootInit) => ShadowRoot } = Element.prototype
  const { attachShadow } = prototype
  prototype.attachShadow = function (init) {
    const root = attachShadow.call(this, init)
    attached.set(this, root)
    observe(root)
    return root
  }
  observe(document)
  changed(() => false)
  // The parser attaches declared shadow roots without a record of a change.
  document.addEventListener('DOMContentLoaded', () => {
    lookInto(document)
    changed(() => false)
  })
}
