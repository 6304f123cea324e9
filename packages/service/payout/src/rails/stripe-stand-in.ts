/** For tests: what Stripe's API answers of Connect, over HTTP, with its idempotency. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'

/** As Stripe counts it, in cents. */
export interface StripeTransfer {
  readonly id: string; readonly object: 'transfer'; amount: number; amount_reversed: number; readonly currency: string; readonly destination: string; readonly transfer_group: string
}

/** What Stripe's API answers of Connect, over HTTP, with its idempotency. */
export class StripeStandIn {
  readonly transfers: StripeTransfer[] = []
  readonly accounts = new Map<string, { transfers: string; due: string[]; payout: { status: string; failure_code: string | null } | undefined }>()
  readonly asked: string[] = []
  /** The next transfer is answered so, and not made, or made and not answered. */
  next: { readonly status: number; readonly code: string } | 'no-answer' | undefined
  readonly #answers = new Map<string, object>()
  #server: Server | undefined
  url = ''

  async open(): Promise<void> {
    const app = express().use(express.urlencoded({ extended: true }))
    const once = (request: express.Request, make: () => object): object => {
      const key = `${request.path} ${String(request.headers['idempotency-key'])}`
      this.asked.push(key)
      const answer = this.#answers.get(key) ?? make()
      this.#answers.set(key, answer)
      return answer
    }
    app.post('/v1/accounts', (request, response) => void response.json(once(request, () => {
      const id = `acct_${String(this.accounts.size + 1).padStart(16, '0')}`
      this.accounts.set(id, { transfers: 'inactive', due: ['external_account'], payout: undefined })
      return { id, object: 'account' }
    })))
    app.get('/v1/accounts/:id', (request, response) => {
      const account = this.accounts.get(request.params.id)
      if (account === undefined) return void response.status(404).json({ error: { type: 'invalid_request_error', code: 'resource_missing', message: 'no such account' } })
      response.json({ id: request.params.id, object: 'account', capabilities: { transfers: account.transfers }, requirements: { currently_due: account.due } })
    })
    app.post('/v1/account_links', (request, response) => {
      const body = request.body as Record<string, string>
      response.json({ object: 'account_link', url: `https://connect.example/${body['type']}/${body['account']}?back=${body['return_url']}&again=${body['refresh_url']}` })
    })
    app.get('/v1/payouts', (request, response) => {
      const payout = this.accounts.get(String(request.headers['stripe-account']))?.payout
      response.json({ object: 'list', data: payout === undefined ? [] : [{ id: 'po_1', object: 'payout', ...payout }], has_more: false })
    })
    app.get('/v1/transfers', (request, response) => void response.json({ object: 'list', has_more: false, data: this.transfers.filter(({ transfer_group: group }) => group === request.query['transfer_group']) }))
    app.get('/v1/transfers/:id', (request, response) => void response.json(this.transfers.find(({ id }) => id === request.params.id)))
    app.post('/v1/transfers', (request, response) => {
      const { next } = this
      this.next = undefined
      if (typeof next === 'object') return void response.status(next.status).json({ error: { type: 'invalid_request_error', code: next.code, message: 'secret words of Stripe' } })
      const answer = once(request, () => {
        const body = request.body as Record<string, string>
        const transfer = { id: `tr_${this.transfers.length + 1}`, object: 'transfer' as const, amount: Number(body['amount']), amount_reversed: 0, currency: String(body['currency']), destination: String(body['destination']), transfer_group: String(body['transfer_group']) }
        this.transfers.push(transfer)
        return transfer
      })
      if (next === 'no-answer') return void request.socket.destroy()
      response.json(answer)
    })
    this.#server = createServer(app)
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server?.closeAllConnections()
    await new Promise((resolve) => this.#server?.close(resolve))
  }
}
