/**
 * A wallet whose answers a test writes, for what a page must do whatever its wallet says. It serves the real script and the real agent over
 * real sockets; money is the journey's matter. The wallet is on `localhost` and the pages on `127.0.0.1`: two sites.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { agentHeaders, clientScriptFiles, monetizeHeaders } from '@rivulet/client-script'
import type { AgentToWallet, MessageOf, WalletToAgent } from '@rivulet/web-monetization'
import { type WebSocket, WebSocketServer } from 'ws'
import { type PageSource, TestSite } from './test-site.ts'

type FromAgent = MessageOf<AgentToWallet>
type ToAgent = MessageOf<WalletToAgent>

const answerMaxMs = 60_000

export interface Received {
  readonly message: FromAgent
  readonly cookie: string
}

export class ScriptedWallet implements AsyncDisposable {
  /** Everything that agents sent, in order. */
  readonly received: Received[] = []
  /** Bodies of the requests for challenges and redemptions. */
  readonly posted: { readonly path: string; readonly body: Record<string, unknown> }[] = []
  connected = true
  /** The agent's page is answered after this. */
  silence: Promise<void> = Promise.resolve()
  /** What the wallet answers to a start; nothing when it is `undefined`. By default every pointer resolves. */
  answer: (start: Extract<FromAgent, { type: 'start' }>) => readonly ToAgent[] = ({ requestId, pointer }) => [{ type: 'loaded', requestId, paymentPointer: pointer }]
  readonly #sockets = new Set<WebSocket>()
  readonly #waiting = new Set<() => void>()
  readonly #wallet: Server
  #site!: TestSite

  private constructor(wallet: Server) {
    this.#wallet = wallet
    wallet.on('request', (request, response) => void this.#serveWallet(request, response))
    const sockets = new WebSocketServer({ server: wallet, path: '/agent/socket' })
    sockets.on('connection', (socket, request) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
      socket.on('message', (data: Buffer) => this.#message(socket, JSON.parse(data.toString()) as FromAgent, request.headers.cookie ?? ''))
    })
  }

  static async start(): Promise<ScriptedWallet> {
    const server = createServer()
    server.listen(0, 'localhost')
    await once(server, 'listening')
    const wallet = new ScriptedWallet(server)
    wallet.#site = await TestSite.start(wallet.walletUrl)
    return wallet
  }

  get walletUrl(): string {
    return `http://localhost:${(this.#wallet.address() as AddressInfo).port}`
  }

  get siteUrl(): string {
    return this.#site.url
  }

  /** Puts a page on the site; its address. */
  page(path: string, source: PageSource): string {
    return this.#site.page(path, source)
  }

  /** Says something to every agent. */
  say(...messages: readonly ToAgent[]): void {
    for (const socket of this.#sockets) for (const message of messages) socket.send(JSON.stringify(message))
  }

  /** One fulfilled payment of 1 EUR / 10,000. */
  pay(requestId: string, amount = '100000'): void {
    this.say({ type: 'paid', requestId, amount, assetCode: 'EUR', assetScale: 9, received: { amount: '108', assetCode: 'USD', assetScale: 6 }, receipt: 'AQID', incomingPayment: null })
  }

  /** Closes every socket, as a wallet that restarts. */
  drop(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  get socketCount(): number {
    return this.#sockets.size
  }

  /** The `nth` message of a type (from 0), once it is there. */
  async next<Type extends FromAgent['type']>(type: Type, nth = 0): Promise<Extract<FromAgent, { type: Type }>> {
    for (;;) {
      const found = this.all(type)[nth]
      if (found !== undefined) return found
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${type} number ${nth} came; received ${JSON.stringify(this.received)}`)), answerMaxMs)
        this.#waiting.add(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
  }

  all<Type extends FromAgent['type']>(type: Type): Extract<FromAgent, { type: Type }>[] {
    return this.received.map(({ message }) => message).filter((message): message is Extract<FromAgent, { type: Type }> => message.type === type)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop()
    await this.#site[Symbol.asyncDispose]()
    this.#wallet.closeAllConnections()
    this.#wallet.close()
    await once(this.#wallet, 'close')
  }

  #message(socket: WebSocket, message: FromAgent, cookie: string): void {
    this.received.push({ message, cookie })
    const say = (answer: ToAgent): void => socket.send(JSON.stringify(answer))
    if (message.type === 'attach') say({ type: 'attached', connected: this.connected })
    if (message.type === 'start') for (const answer of this.answer(message)) say(answer)
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }

  async #serveWallet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.walletUrl).pathname
    const json = (status: number, body: object, headers: Record<string, string> = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
    if (request.method === 'POST') {
      let text = ''
      for await (const chunk of request) text += String(chunk)
      this.posted.push({ path, body: JSON.parse(text) as Record<string, unknown> })
    }
    switch (path) {
      case '/monetize.js':
        response.writeHead(200, monetizeHeaders).end(await readFile(clientScriptFiles.monetizeJs))
        return
      case '/agent':
        await this.silence
        response.writeHead(200, agentHeaders(this.walletUrl)).end(await readFile(clientScriptFiles.agentHtml))
        return
      case '/agent/agent.js':
        response.writeHead(200, { 'content-type': 'text/javascript', 'cross-origin-resource-policy': 'same-origin' }).end(await readFile(clientScriptFiles.agentJs))
        return
      case '/agent/challenges':
        json(200, { challenge: 'a-challenge', expiresInMs: 600_000 }, { 'set-cookie': 'verifier=secret; HttpOnly; Secure; SameSite=None; Partitioned; Path=/agent' })
        return
      case '/agent/redeem':
        if (this.posted.at(-1)?.body['code'] !== 'good-code') {
          json(400, { error: { code: 'code-used', message: 'this code was used already: connect again' } })
          return
        }
        this.connected = true
        json(200, {}, { 'set-cookie': 'token=secret; HttpOnly; Secure; SameSite=None; Partitioned; Path=/agent' })
        return
      case '/connect':
        // What the real page does once the person has agreed: the code goes to the opener, or back by the address.
        response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>Connect</title><button>Agree</button><script>
          const back = decodeURIComponent(location.hash.replace('#return=', ''))
          document.querySelector('button').onclick = () => {
            if (opener === null) location.href = back + '#rivulet-code=good-code'
            else { opener.postMessage({ type: 'rivulet:code', code: 'good-code' }, new URL(back).origin); close() }
          }</script>`)
        return
      default:
        response.writeHead(404).end()
    }
  }
}
