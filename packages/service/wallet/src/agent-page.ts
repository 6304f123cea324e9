import { isFault } from '@rivulet/faults'
import { type MessageOf, parsePointer, requestsPerPageMax, silenceMaxMs, type AgentToWallet, type WalletToAgent } from '@rivulet/web-monetization'
import type { Connection } from './connection.ts'
import type { Payer, PayingPage } from './payer.ts'
import { PaymentSession, type SessionDesk, type SessionNews } from './payment-session.ts'
import type { Permit } from './session.ts'
import { checkSite } from './site.ts'

export interface AgentDesk extends SessionDesk {
  readonly allowLocal: boolean
  /** The connection that the agent's cookie stands for, and its payer. */
  identify(token: string, site: string): Promise<{ readonly connection: Connection; readonly payer: Payer } | undefined>
  /** A page offers its visitor to connect. */
  offered(): void
  /** A page whose browser holds this token has paid for the first time. */
  paidFirst(token: string): void
}

/** What the browser said when the socket was opened: the token of a site, if there is one. */
export type TokenOf = (site: string) => string | undefined

/** One page's agent, on one socket: its site, its connection, and its requests. */
export class AgentPage implements PayingPage {
  readonly #desk: AgentDesk
  readonly #tokenOf: TokenOf
  readonly #say: (message: MessageOf<WalletToAgent>) => void
  readonly #sessions = new Map<string, PaymentSession>()
  #site: string | undefined
  #connection: Connection | undefined
  #payer: Payer | undefined
  #visible = false
  #heardMs: number
  #attentive = false
  #shownMs = 0
  #left = false
  /** Until its first payment. */
  #unpaidToken: string | undefined

  constructor(desk: AgentDesk, tokenOf: TokenOf, say: (message: MessageOf<WalletToAgent>) => void) {
    this.#desk = desk
    this.#tokenOf = tokenOf
    this.#say = say
    this.#heardMs = desk.clock.monotonicMs()
  }

  get connection(): Connection {
    if (this.#connection === undefined) throw new TypeError('only a connected page has a payer')
    return this.#connection
  }

  get attentive(): boolean {
    return this.#attentive
  }

  get shownMs(): number {
    return this.#shownMs
  }

  sessions(): Iterable<PaymentSession> {
    return this.#sessions.values()
  }

  /** Returns what is wrong with it when no agent of ours sends it: the socket is closed then. Throws `site-invalid`, and what the database throws. */
  async receive(message: MessageOf<AgentToWallet>): Promise<string | undefined> {
    if (this.#left) return undefined
    this.#heardMs = this.#desk.clock.monotonicMs()
    if (message.type === 'attach') return this.#attach(message)
    if (this.#site === undefined) return 'attach first'
    switch (message.type) {
      case 'start':
        this.#start(message.requestId, message.pointer)
        return undefined
      case 'stop':
        this.#stop(message.requestId)
        return undefined
      case 'visible':
        if (message.visible && !this.#visible) this.#shownMs = this.#heardMs
        this.#visible = message.visible
        this.#look()
        return undefined
      case 'beat':
        this.#look()
        return undefined
    }
  }

  /** Called every second by the wallet. A visible page whose agent is silent is taken for hidden. */
  sweep(): void {
    if (this.#attentive) this.#look()
    if (this.#payer === undefined) for (const session of this.#sessions.values()) session.dispatch({ type: 'tick' })
  }

  /** The connection was changed, or ended, by the subscriber. */
  reconnected(connection: Connection | undefined): void {
    if (connection !== undefined) {
      this.#connection = connection
      this.#payer?.reconsider()
      return
    }
    this.#disconnect('disconnected')
    this.#say({ type: 'attached', connected: false, reason: 'disconnected' })
  }

  /** The page is gone: nothing more is said, its streams close. */
  leave(): void {
    if (this.#left) return
    this.#left = true
    this.#disconnect('stopped')
  }

  async #attach({ site, visible, shownForMs = 0 }: AgentToWallet['attach']): Promise<string | undefined> {
    if (this.#site !== undefined) return 'attached already'
    const { allowLocal } = this.#desk
    this.#site = checkSite(site, allowLocal)
    this.#visible = visible
    this.#shownMs = this.#heardMs - shownForMs
    const token = this.#tokenOf(site)
    const found = token === undefined ? undefined : await this.#desk.identify(token, site)
    // The socket may have closed meanwhile.
    if (this.#left) return undefined
    this.#connection = found?.connection
    if (found === undefined || !found.payer.add(this)) {
      const reason = found !== undefined ? 'pages-too-many' : token === undefined ? undefined : 'disconnected'
      this.#desk.offered()
      this.#say({ type: 'attached', connected: false, ...(reason !== undefined && { reason }) })
      return undefined
    }
    this.#payer = found.payer
    this.#unpaidToken = token
    this.#say({ type: 'attached', connected: true })
    this.#look()
    return undefined
  }

  #start(requestId: string, text: string): void {
    if (this.#sessions.has(requestId)) return
    const refuse = (code: string, message: string): void => this.#say({ type: 'failed', requestId, code, message })
    if (this.#sessions.size >= requestsPerPageMax) {
      refuse('requests-too-many', `a page may have ${requestsPerPageMax} monetized elements at a time`)
      return
    }
    let pointer: string
    try {
      pointer = parsePointer(text, { allowLocal: this.#desk.allowLocal }).href
    } catch (error) {
      if (!isFault(error)) throw error
      refuse(error.code, error.message)
      return
    }
    const payer = this.#payer
    const site = this.#site
    const permit: Permit = { reason: payer === undefined ? 'not-connected' : 'hidden' }
    const session: PaymentSession = new PaymentSession(this.#desk, {
      pointer,
      subscriber: payer?.subscriber,
      site,
      permit,
      hear: (news) => {
        this.#hear(requestId, session, news)
        // Payments that arrive after the page has left are counted all the same.
        if (news.type === 'paid' && site !== undefined) payer?.paid(site, news.packet.payee, news.packet.amount)
      },
      budgetSpent: () => payer?.budgetSpent(),
      fundsShort: () => payer?.fundsShort(),
    })
    this.#sessions.set(requestId, session)
    payer?.reconsider()
  }

  #stop(requestId: string): void {
    const session = this.#sessions.get(requestId)
    if (session === undefined) return
    this.#sessions.delete(requestId)
    session.dispatch({ type: 'stop', reason: 'stopped' })
    this.#payer?.reconsider()
  }

  #look(): void {
    const attentive = this.#visible && this.#desk.clock.monotonicMs() - this.#heardMs <= silenceMaxMs
    if (attentive === this.#attentive) return
    this.#attentive = attentive
    this.#payer?.reconsider()
  }

  #disconnect(reason: 'disconnected' | 'stopped'): void {
    const payer = this.#payer
    this.#payer = undefined
    const sessions = [...this.#sessions.values()]
    this.#sessions.clear()
    for (const session of sessions) session.dispatch({ type: 'stop', reason })
    payer?.remove(this)
  }

  #hear(requestId: string, session: PaymentSession, news: SessionNews): void {
    if (news.type === 'paid') {
      const { packet } = news
      if (this.#unpaidToken !== undefined) this.#desk.paidFirst(this.#unpaidToken)
      this.#unpaidToken = undefined
      if (this.#left) return
      this.#say({
        type: 'paid',
        requestId,
        amount: packet.amount.toString(),
        assetCode: packet.asset.code,
        assetScale: packet.asset.scale,
        received: { amount: packet.delivered.toString(), assetCode: packet.deliveredAsset.code, assetScale: packet.deliveredAsset.scale },
        receipt: packet.receipt?.toString('base64') ?? null,
        incomingPayment: packet.incomingPayment ?? null,
      })
      return
    }
    if ((news.type === 'failed' || news.type === 'stopped') && this.#sessions.get(requestId) === session) {
      this.#sessions.delete(requestId)
      this.#payer?.reconsider()
    }
    if (!this.#left) this.#say({ ...news, requestId })
  }
}
