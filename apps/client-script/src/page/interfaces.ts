/**
 * What the specification adds to a window: `MonetizationEvent`, `MonetizationCurrencyAmount`, `onmonetization`, and the answer of
 * `relList.supports('monetization')`. All of it is a page's to see, so names and shapes follow the IDL.
 */
import type { CurrencyAmount, MonetizationEventData } from '@rivulet/web-monetization'

type Handler = (this: EventTarget, event: Event) => unknown

/** Whether the browser, an extension, or another copy of this script monetizes this page already. */
export function isMonetized(): boolean {
  return 'MonetizationEvent' in window || document.createElement('link').relList.supports('monetization')
}

const names = ['amount', 'assetCode', 'assetScale', 'receipt', 'amountSent', 'paymentPointer', 'incomingPayment'] as const
const secret = {}

// As members of an object the classes keep their names when the script is minified.
const interfaces = {
  MonetizationCurrencyAmount: class {
    readonly #amount: CurrencyAmount
    constructor(key: unknown, amount: CurrencyAmount) {
      if (key !== secret) throw new TypeError('Illegal constructor')
      this.#amount = amount
    }
    get currency(): string {
      return this.#amount.currency
    }
    get value(): string {
      return this.#amount.value
    }
  },
  MonetizationEvent: class MonetizationEvent extends Event {
    readonly #data: Record<string, unknown>
    constructor(type: string, init: EventInit & MonetizationEventData) {
      super(type, init)
      for (const name of names) if ((init as Partial<MonetizationEventData> | undefined)?.[name] === undefined) throw new TypeError(`${name} is required`)
      this.#data = { ...init, amountSent: new interfaces.MonetizationCurrencyAmount(secret, init.amountSent) }
    }
    static {
      for (const name of names) {
        define(this.prototype, name, {
          enumerable: true,
          get(this: MonetizationEvent) {
            return this.#data[name]
          },
        })
      }
    }
  },
}

function define(target: object, name: string, descriptor: PropertyDescriptor): void {
  Object.defineProperty(target, name, { configurable: true, ...descriptor })
}

interface Entry {
  handler: Handler | null
  attribute: string | null
}

const handlers = new WeakMap<object, Entry>()

/** The handler of one target; a content attribute that changed since the last look replaces it, as HTML has it. */
function handlerOf(target: EventTarget): Entry {
  const entry = handlers.get(target) ?? { handler: null, attribute: null }
  handlers.set(target, entry)
  const attribute = target instanceof Element ? target.getAttribute('onmonetization') : null
  if (attribute !== entry.attribute) {
    entry.attribute = attribute
    setHandler(target, entry, attribute === null ? null : compiled(attribute))
  }
  return entry
}

/** The browser compiles the text as the handler of another event: so the page's Content-Security-Policy for inline handlers holds here too. */
function compiled(text: string): Handler | null {
  const element = document.createElement('i')
  element.setAttribute('onclick', text)
  return element.onclick as Handler | null
}

function setHandler(target: EventTarget, entry: Entry, handler: unknown): void {
  target.removeEventListener('monetization', callHandler)
  entry.handler = typeof handler === 'function' ? (handler as Handler) : null
  if (entry.handler) target.addEventListener('monetization', callHandler)
}

function callHandler(this: EventTarget, event: Event): unknown {
  return handlers.get(this)?.handler?.call(this, event)
}

export function installInterfaces(): void {
  for (const [name, value] of Object.entries(interfaces)) define(window, name, { value, writable: true })
  for (const target of [Element.prototype, Document.prototype, window]) {
    define(target, 'onmonetization', {
      enumerable: true,
      get(this: EventTarget | undefined) {
        return handlerOf(this ?? window).handler
      },
      set(this: EventTarget | undefined, handler: unknown) {
        setHandler(this ?? window, handlerOf(this ?? window), handler)
      },
    })
  }
  const native = Object.getOwnPropertyDescriptor(HTMLLinkElement.prototype, 'relList') as PropertyDescriptor & { get: () => DOMTokenList }
  define(HTMLLinkElement.prototype, 'relList', {
    ...native,
    get(this: HTMLLinkElement) {
      const list = native.get.call(this)
      list.supports = (token) => /^monetization$/i.test(token) || DOMTokenList.prototype.supports.call(list, token)
      return list
    },
  })
}

/** Fires the `monetization` event of one payment at a link; it bubbles. */
export function fireMonetization(link: Element, data: MonetizationEventData): void {
  for (let element: Element | null = link; element; element = element.parentElement) handlerOf(element)
  link.dispatchEvent(new interfaces.MonetizationEvent('monetization', { ...data, bubbles: true }))
}
