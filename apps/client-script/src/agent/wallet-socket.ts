/** The agent's one WebSocket to its wallet: opens again after a loss, at growing intervals, and only while the page is seen. */
import { type AgentToWallet, beatEveryMs, type MessageOf, type WalletToAgent } from '@rivulet/web-monetization'

const retryMinMs = 500
const retryMaxMs = 30_000

interface WalletSocketEvents {
  readonly isVisible: () => boolean
  /** A socket opened; the wallet knows the site and nothing else. */
  readonly attached: () => void
  readonly message: (message: MessageOf<WalletToAgent>) => void
  readonly lost: () => void
}

export class WalletSocket {
  readonly #site: string
  readonly #events: WalletSocketEvents
  #socket: WebSocket | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #retryMs = retryMinMs
  #toldVisible = false
  #visible = false
  #shownMs = 0

  constructor(site: string, events: WalletSocketEvents) {
    this.#site = site
    this.#events = events
    this.#look()
    setInterval(() => {
      if (events.isVisible()) this.send({ type: 'beat' })
    }, beatEveryMs)
    addEventListener('online', () => this.reopen())
    // A page in the back-forward cache may hold no socket.
    addEventListener('pagehide', () => this.#close())
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.reopen()
    })
    this.reopen()
  }

  /** Dropped while no socket is open: `attached` says everything that counts. */
  send(message: MessageOf<AgentToWallet>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message))
  }

  /** Visibility may have changed. */
  seen(): void {
    const visible = this.#look()
    if (visible !== this.#toldVisible) {
      this.#toldVisible = visible
      this.send({ type: 'visible', visible })
    }
    if (visible && this.#socket === undefined) this.reopen()
  }

  /** Opens a new socket now, in place of the one there is. */
  reopen(): void {
    this.#close()
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/agent/socket`)
    this.#socket = socket
    socket.onopen = () => {
      this.#toldVisible = this.#look()
      this.send({ type: 'attach', site: this.#site, visible: this.#toldVisible, shownForMs: Math.floor(performance.now() - this.#shownMs) })
      this.#events.attached()
    }
    socket.onmessage = (event: MessageEvent<string>) => {
      this.#retryMs = retryMinMs
      this.#events.message(JSON.parse(event.data) as MessageOf<WalletToAgent>)
    }
    socket.onclose = () => {
      this.#close()
      this.#events.lost()
      this.#retryTimer = setTimeout(() => {
        if (this.#events.isVisible()) this.reopen()
      }, this.#retryMs * (0.5 + Math.random() / 2))
      this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs)
    }
  }

  /** Notes when the page comes into view. */
  #look(): boolean {
    const visible = this.#events.isVisible()
    if (visible && !this.#visible) this.#shownMs = performance.now()
    return (this.#visible = visible)
  }

  #close(): void {
    clearTimeout(this.#retryTimer)
    if (this.#socket === undefined) return
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null
    this.#socket.close()
    this.#socket = undefined
  }
}
