/**
 * The messages between a monetized page, the wallet's agent (an iframe of the wallet's origin in that page) and the wallet.
 * Page and agent speak over a MessagePort, agent and wallet over a WebSocket, one JSON object a message. Every message has a `type`.
 */

/** The messages of a map, discriminated by `type`; of one type only when it is named. */
export type MessageOf<Messages, Type extends keyof Messages = keyof Messages> = { [T in Type]: { readonly type: T } & Messages[T] }[Type]

/** One monetized element of one page: a fresh UUID for each (element, pointer), never used again. */
interface Requested {
  readonly requestId: string
}

/** `reason` is a stable code, such as `hidden`, `other-page`, `budget-spent`, `receiver-unreachable`, `wallet-paused`. */
interface Reasoned {
  readonly reason: string
}

export interface Start extends Requested {
  /** From the page: the `href` or meta content as found. To the wallet: an absolute URL (http only on loopback, in a sandbox). */
  readonly pointer: string
}

export interface Stop extends Requested {
  /** The element is gone or points elsewhere; else the page may start this request again. */
  readonly final: boolean
}

export interface Visible {
  readonly visible: boolean
}

export interface Loaded extends Requested {
  /** The id of the wallet address, as it resolved. */
  readonly paymentPointer: string
}

export interface Failed extends Requested {
  /** Stable. */
  readonly code: string
  readonly message: string
}

/** One fulfilled payment. Amounts are decimal strings of units of their asset. */
export interface Paid extends Requested {
  readonly amount: string
  readonly assetCode: string
  readonly assetScale: number
  readonly received: { readonly amount: string; readonly assetCode: string; readonly assetScale: number }
  /** STREAM receipt (RFC 39), base64. */
  readonly receipt: string | null
  readonly incomingPayment: string | null
}

/** A `MonetizationCurrencyAmount`: `value` is a plain decimal with all places of the asset's scale. */
export interface CurrencyAmount {
  readonly currency: string
  readonly value: string
}

/** What a `MonetizationEvent` is made of. The deprecated fields tell what the receiver got, as the legacy API did; `amount` is in units. */
export interface MonetizationEventData {
  readonly amountSent: CurrencyAmount
  readonly paymentPointer: string
  readonly incomingPayment: string | null
  readonly amount: string
  readonly assetCode: string
  readonly assetScale: number
  /** STREAM receipt (RFC 39), base64. */
  readonly receipt: string | null
}

export type Paused = Requested & Reasoned
export type Stopped = Requested & Reasoned

export interface AgentToWallet {
  /** Always the first. `site` is the page's origin as the agent's browser saw it; `shownForMs` for how long the page has been visible: a socket that is opened again makes no page the newest. */
  readonly attach: Visible & { readonly site: string; readonly shownForMs?: number | undefined }
  readonly start: Start
  readonly stop: Stop
  readonly visible: Visible
  /** Every `beatEveryMs` while visible. */
  readonly beat: object
}

export interface WalletToAgent {
  /** Answers `attach`, and comes again whenever it changes. `reason` says why an agent that holds a token is not connected. */
  readonly attached: { readonly connected: boolean; readonly reason?: string }
  /** The pointer resolves; sent also while not connected. */
  readonly loaded: Loaded
  readonly failed: Failed
  readonly paid: Paid
  readonly paused: Paused
  readonly resumed: Requested
  readonly stopped: Stopped
}

/** The first message of all, by `window.postMessage` to exactly the wallet's origin, with the MessagePort that carries the others. */
export interface Hello extends Visible {
  readonly type: 'rivulet:hello'
}

export interface PageToAgent {
  readonly start: Start
  readonly stop: Stop
  readonly visible: Visible
  /** Asks for a `challenge`. */
  readonly connect: object
  /** The one-time code that the connect popup, or the address of the page, gave. */
  readonly code: { readonly code: string }
}

export interface AgentToPage {
  /** Whether this site is connected; while it is not, what the connect button looks like. Sent when it changes. */
  readonly attached: WalletToAgent['attached'] & { readonly button?: ButtonLooks }
  /** Where the popup goes. */
  readonly challenge: { readonly connectUrl: string }
  /** A challenge or a code was refused, or the wallet did not answer. */
  readonly refused: { readonly code: string; readonly message: string }
  readonly loaded: Loaded
  readonly failed: Failed
  readonly paid: Requested & MonetizationEventData
  readonly paused: Paused
  readonly resumed: Requested
  readonly stopped: Stopped
}

export interface ButtonLooks {
  readonly lang: string
  /** For the button's shadow root, in which a `div` holds two buttons. */
  readonly css: string
  readonly label: string
  /** The name of the button that hides it. */
  readonly hide: string
}

/** What the connect popup posts to the page that opened it. */
export interface CodeHandOver {
  readonly type: 'rivulet:code'
  readonly code: string
}

/** A visible agent says that it is still there this often. */
export const beatEveryMs = 10_000
/** After this much silence of a visible agent the wallet pauses its page. */
export const silenceMaxMs = 25_000
/** A page may hold at most this many requests at a time. */
export const requestsPerPageMax = 10
