/** For tests: the parts of Stripe's API that are used, over HTTP, with its idempotency, its page for a card and a bank that asks. What a card does stands in its name. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'

interface Intent {
  id: string; object: 'payment_intent'; amount: number; amount_received: number; currency: string; status: string; next_action: object | null; metadata: object; last_payment_error: object | null
  latest_charge: { id: string; object: 'charge'; disputed: boolean; refunded: boolean; amount_refunded: number; balance_transaction: { id: string; object: 'balance_transaction'; fee: number; currency: string } | null } | null
}

/** What Stripe takes for a dispute, and whether it gives that back when it is won. */
interface Dispute {
  readonly id: string; readonly object: 'dispute'; readonly payment_intent: string; readonly amount: number; status: string
  readonly balance_transactions: { readonly id: string; readonly object: 'balance_transaction'; readonly amount: number; readonly fee: number; readonly currency: string }[]
}

interface Session {
  readonly id: string
  readonly personId: string
  readonly successUrl: string
  readonly cancelUrl: string
  method: string | undefined
}

export class StripeStandIn {
  readonly intents = new Map<string, Intent>()
  readonly sessions = new Map<string, Session>()
  readonly disputes: Dispute[] = []
  readonly asked: string[] = []
  readonly #answers = new Map<string, { readonly status: number; readonly body: object }>()
  #server: Server | undefined
  url = ''

  async open(): Promise<void> {
    const app = express().use(express.urlencoded({ extended: true }))
    this.#api(app)
    this.#pages(app)
    this.#server = createServer(app).listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }

  intent(id: string): Intent {
    const found = this.intents.get(id)
    if (found === undefined) throw new Error(`no such intent: ${id}`)
    return found
  }

  /** As when she confirmed at her bank. */
  pay(id: string, amount?: number): void {
    const intent = this.intent(id)
    intent.status = 'succeeded'
    intent.next_action = null
    intent.amount_received = amount ?? intent.amount
    intent.latest_charge = { id: `ch_${id}`, object: 'charge', disputed: false, refunded: false, amount_refunded: 0, balance_transaction: { id: `txn_${id}`, object: 'balance_transaction', fee: 33, currency: 'eur' } }
  }

  /** As when somebody gives back a part in Stripe's dashboard; the last part makes it whole. */
  giveBack(id: string, amount: number): void {
    const { latest_charge: charge, amount: whole } = this.intent(id)
    if (charge === null) throw new Error(`${id} was not paid`)
    charge.amount_refunded += amount
    charge.refunded = charge.amount_refunded === whole
  }

  /** As when her bank takes a payment back, whatever was given back of it before: Stripe takes 15 EUR for it. An inquiry takes nothing. */
  dispute(id: string, status: 'needs_response' | 'warning_needs_response' = 'needs_response', amount = this.intent(id).amount): void {
    const { latest_charge: charge } = this.intent(id)
    if (charge === null) throw new Error(`${id} was not paid`)
    charge.disputed = true
    const dispute: Dispute = { id: `dp_${this.disputes.length + 1}`, object: 'dispute', payment_intent: id, amount, status, balance_transactions: [] }
    if (status === 'needs_response') dispute.balance_transactions.push({ id: `txn_${dispute.id}`, object: 'balance_transaction', amount: -amount, fee: 1_500, currency: 'eur' })
    this.disputes.push(dispute)
  }

  /** It ends: what was won comes back, with what Stripe took for it; of what was lost, what the bank returns all the same. */
  endDispute(id: string, status: 'won' | 'lost', returned = 0): void {
    const dispute = this.disputes.findLast(({ payment_intent: intent }) => intent === id)
    if (dispute === undefined) throw new Error(`${id} is not disputed`)
    dispute.status = status
    const [amount, fee] = status === 'won' ? [dispute.amount, -1_500] : [returned, 0]
    if (amount > 0) dispute.balance_transactions.push({ id: `txn_${dispute.id}_end`, object: 'balance_transaction', amount, fee, currency: 'eur' })
  }

  /** As Stripe does with idempotency keys after a day. */
  forgetKeys(): void {
    this.#answers.clear()
  }

  /** Whether a dispute of it stands, or was lost. */
  #isDisputed(id: string): boolean {
    return this.disputes.some(({ payment_intent: intent, status }) => intent === id && (status === 'needs_response' || status === 'lost'))
  }

  /** What Stripe holds for us, cents: all that was paid, less what it kept, gave back, and took for disputes. */
  balance(): number {
    const charges = [...this.intents.values()].reduce((sum, { amount_received: paid, latest_charge: charge }) => sum + paid - (charge?.amount_refunded ?? 0) - (charge?.balance_transaction?.fee ?? 0), 0)
    return this.disputes.flatMap(({ balance_transactions: entries }) => entries).reduce((sum, { amount, fee }) => sum + amount - fee, charges)
  }

  /** Her bank wants to ask her. */
  #asks(intent: Intent, returnUrl: string | undefined): void {
    intent.status = 'requires_action'
    intent.last_payment_error = null
    intent.next_action = { type: 'redirect_to_url', redirect_to_url: { url: `${this.url}/bank/${intent.id}`, return_url: returnUrl } }
  }

  #create(body: Record<string, string>): { readonly status: number; readonly body: object } {
    const refused = Number(body['amount']) < 50 ? 'amount_too_small' : body['payment_method'] === 'pm_gone' ? 'resource_missing' : undefined
    if (refused !== undefined) return { status: 400, body: { error: { type: 'invalid_request_error', code: refused, message: 'no' } } }
    const id = `pi_${this.intents.size + 1}`
    const present = body['off_session'] === undefined
    const method = body['payment_method'] ?? ''
    const intent: Intent = { id, object: 'payment_intent', amount: Number(body['amount']), amount_received: 0, currency: String(body['currency']), status: 'requires_payment_method', next_action: null, metadata: { ...(body as { metadata?: object }).metadata }, last_payment_error: null, latest_charge: null }
    this.intents.set(id, intent)
    const declined = { pm_stolen: 'stolen_card', pm_poor: 'insufficient_funds', pm_dies: present ? undefined : 'expired_card', pm_asks: present ? undefined : 'authentication_required' }[method]
    if (declined !== undefined) {
      const error = { type: 'card_error', code: declined === 'authentication_required' ? declined : 'card_declined', decline_code: declined, message: 'no', payment_method: { id: method, object: 'payment_method' } }
      intent.last_payment_error = error
      return { status: 402, body: { error: { ...error, payment_intent: intent } } }
    }
    if (method === 'pm_asks') this.#asks(intent, body['return_url'])
    else this.pay(id)
    return { status: 200, body: intent }
  }

  #api(app: Express): void {
    app.post('/v1/payment_intents', (request, response) => {
      const key = String(request.headers['idempotency-key'])
      const known = this.#answers.get(key) ?? this.#create(request.body as Record<string, string>)
      this.#answers.set(key, known)
      this.asked.push(key)
      response.status(known.status).json(known.body)
    })
    app.get('/v1/payment_intents/search', (request, response) => {
      const [, name = '', value] = /^metadata\["([a-z_]+)"\]:"([^"]+)"$/.exec((request.query as Record<string, string>)['query'] ?? '') ?? []
      response.json({ object: 'search_result', url: '/v1/payment_intents/search', has_more: false, data: [...this.intents.values()].filter(({ metadata }) => (metadata as Record<string, string>)[name] === value) })
    })
    app.get('/v1/payment_intents/:id', (request, response) => {
      const intent = this.intents.get(request.params.id)
      if (intent === undefined) return void response.status(404).json({ error: { type: 'invalid_request_error', code: 'resource_missing', message: 'no such intent' } })
      response.json(intent)
    })
    app.post('/v1/payment_intents/:id/confirm', (request, response) => {
      const intent = this.intent(request.params.id)
      this.#asks(intent, (request.body as Record<string, string>)['return_url'])
      response.json(intent)
    })
    app.post('/v1/payment_intents/:id/cancel', (request, response) => {
      const intent = this.intent(request.params.id)
      if (intent.status === 'succeeded') return void response.status(400).json({ error: { type: 'invalid_request_error', code: 'payment_intent_unexpected_state', message: 'it has succeeded' } })
      intent.status = 'canceled'
      response.json(intent)
    })
    app.get('/v1/disputes', (request, response) => void response.json({ object: 'list', has_more: false, data: this.disputes.filter(({ payment_intent: intent }) => intent === request.query['payment_intent']) }))
    app.post('/v1/refunds', (request, response) => {
      const intent = this.intent(String((request.body as { payment_intent: string }).payment_intent))
      const refused = this.#isDisputed(intent.id) ? 'charge_disputed' : intent.latest_charge?.refunded === true ? 'charge_already_refunded' : undefined
      if (refused !== undefined) return void response.status(400).json({ error: { type: 'invalid_request_error', code: refused, message: 'no' } })
      this.giveBack(intent.id, intent.amount - (intent.latest_charge?.amount_refunded ?? 0))
      response.json({ id: 're_1', object: 'refund' })
    })
    app.post('/v1/checkout/sessions', (request, response) => {
      const body = request.body as Record<string, string>
      const id = `cs_test_${this.sessions.size + 1}`
      this.sessions.set(id, { id, personId: body['client_reference_id'] ?? '', successUrl: body['success_url'] ?? '', cancelUrl: body['cancel_url'] ?? '', method: undefined })
      response.json({ id, object: 'checkout.session', url: `${this.url}/checkout/${id}` })
    })
    app.get('/v1/checkout/sessions/:id', (request, response) => {
      const session = this.sessions.get(request.params.id)
      if (session === undefined) return void response.status(404).json({ error: { type: 'invalid_request_error', code: 'resource_missing', message: 'no such session' } })
      const { id, personId, method } = session
      response.json({
        id, object: 'checkout.session', status: method === undefined ? 'open' : 'complete', client_reference_id: personId, customer: 'cus_1',
        setup_intent: { id: 'seti_1', object: 'setup_intent', payment_method: method === undefined ? null : { id: method, object: 'payment_method', card: { brand: 'visa', last4: method === 'pm_asks' ? '3155' : '4242' } } },
      })
    })
  }

  /** What Stripe and her bank show her. */
  #pages(app: Express): void {
    const page = (title: string, links: readonly (readonly [string, string])[]): string =>
      `<!doctype html><html lang="en"><title>${title}</title><h1>${title}</h1>${links.map(([name, href]) => `<p><a href="${href}">${name}</a></p>`).join('')}`
    app.get('/checkout/:id', (request, response) => {
      const { id, cancelUrl } = this.#session(request.params.id)
      response.send(page('Your card', [['A good card', `/checkout/${id}/pm_good`], ['A card that asks', `/checkout/${id}/pm_asks`], ['Back', cancelUrl]]))
    })
    app.get('/checkout/:id/:method', (request, response) => {
      const session = this.#session(request.params.id)
      session.method = request.params.method
      response.redirect(303, session.successUrl.replace('{CHECKOUT_SESSION_ID}', session.id))
    })
    app.get('/bank/:id', (request, response) => void response.send(page('Your bank asks', [['Pay', `/bank/${request.params.id}/yes`]])))
    app.get('/bank/:id/yes', (request, response) => {
      const intent = this.intent(request.params.id)
      const { return_url: returnUrl } = (intent.next_action as { redirect_to_url: { return_url: string } }).redirect_to_url
      this.pay(intent.id)
      response.redirect(303, `${returnUrl}?payment_intent=${intent.id}&payment_intent_client_secret=${intent.id}_secret_x&redirect_status=succeeded`)
    })
  }

  #session(id: string): Session {
    const found = this.sessions.get(id)
    if (found === undefined) throw new Error(`no such session: ${id}`)
    return found
  }
}
