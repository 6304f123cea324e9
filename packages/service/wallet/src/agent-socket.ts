/** The agents' WebSocket: who may open one, how many, and what may be said on it. */
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { isFault, messageOf } from '@rivulet/faults'
import { type Clock, RateLimit } from '@rivulet/time'
import type { AgentToWallet, MessageOf, WalletToAgent } from '@rivulet/web-monetization'
import { type WebSocket, WebSocketServer } from 'ws'
import { z } from 'zod'
import { type AgentDesk, AgentPage } from './agent-page.ts'
import { clientAddressOf } from './client-address.ts'
import { cookieOf, tokenCookie } from './cookies.ts'
import type { Log } from './paid-stream.ts'

const agentSocketPath = '/agent/socket'
const messageBytesMax = 4_096
const socketsMax = 50_000
const socketsPerAddressMax = 200
const unsentBytesMax = 262_144
const messagesBurst = 60
const messagesPerSecond = 10
/** Each start looks an address up elsewhere, also for visitors who are not connected. */
const startsBurst = 300
const startsPerSecond = 30
const pingEveryMs = 30_000

const requestId = z.string().min(1).max(64)
const agentMessage: z.ZodType<MessageOf<AgentToWallet>> = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('attach'), site: z.string().max(300), visible: z.boolean(), shownForMs: z.int().min(0).optional() }),
  z.strictObject({ type: z.literal('start'), requestId, pointer: z.string().max(2_048) }),
  z.strictObject({ type: z.literal('stop'), requestId, final: z.boolean() }),
  z.strictObject({ type: z.literal('visible'), visible: z.boolean() }),
  z.strictObject({ type: z.literal('beat') }),
])

interface AgentSocketsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Origin of the wallet: the only one that may open a socket. */
  readonly origin: string
  readonly proxyHops: number
  readonly desk: AgentDesk
}

interface Attached {
  readonly socket: WebSocket
  readonly page: AgentPage
  answered: boolean
}

export class AgentSockets {
  readonly #options: AgentSocketsOptions
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: messageBytesMax, clientTracking: false })
  readonly #attached = new Set<Attached>()
  readonly #perAddress = new Map<string, number>()
  readonly #starts: RateLimit
  #pingedMs: number
  #stopping = false

  constructor(options: AgentSocketsOptions) {
    this.#options = options
    this.#starts = new RateLimit(options.clock, { burst: startsBurst, perSecond: startsPerSecond })
    this.#pingedMs = options.clock.monotonicMs()
  }

  /** Takes the upgrades of this server; other paths than the agent's are answered 404. */
  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
  }

  /** Called every second by the wallet. */
  sweep(): void {
    for (const { page } of this.#attached) page.sweep()
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#pingedMs < pingEveryMs) return
    this.#pingedMs = nowMs
    for (const attached of this.#attached) {
      if (!attached.answered) attached.socket.terminate()
      attached.answered = false
      attached.socket.ping()
    }
  }

  /** Sends every agent away; they come back to whoever serves the address then. */
  stop(): void {
    this.#stopping = true
    for (const { socket, page } of this.#attached) {
      page.leave()
      socket.close(1001, 'the wallet is stopping')
    }
  }

  /** Cuts whoever has not closed by now. */
  terminate(): void {
    for (const { socket } of this.#attached) socket.terminate()
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until ws takes over nobody else listens, and a reset here must not end the process.
    socket.on('error', () => socket.destroy())
    const address = clientAddressOf(request, this.#options.proxyHops)
    const open = this.#perAddress.get(address) ?? 0
    if (URL.parse(request.url ?? '', 'http://wallet')?.pathname !== agentSocketPath) refuse(socket, '404 Not Found')
    else if (request.headers.origin !== this.#options.origin) refuse(socket, '403 Forbidden')
    else if (this.#stopping || this.#attached.size >= socketsMax) refuse(socket, '503 Service Unavailable')
    else if (open >= socketsPerAddressMax) refuse(socket, '429 Too Many Requests')
    else this.#server.handleUpgrade(request, socket, head, (upgraded) => this.#serve(upgraded, request.headers.cookie, address))
  }

  #serve(socket: WebSocket, cookies: string | undefined, address: string): void {
    const { clock, desk, log } = this.#options
    const say = (message: MessageOf<WalletToAgent>): void => {
      if (socket.readyState !== socket.OPEN) return
      // Whoever does not read what it is told is gone.
      if (socket.bufferedAmount > unsentBytesMax) socket.terminate()
      else socket.send(JSON.stringify(message))
    }
    const page = new AgentPage(desk, (site) => cookieOf(cookies, tokenCookie(site)), say)
    const attached: Attached = { socket, page, answered: true }
    const messages = new RateLimit(clock, { burst: messagesBurst, perSecond: messagesPerSecond, keysMax: 1 })
    this.#attached.add(attached)
    this.#perAddress.set(address, (this.#perAddress.get(address) ?? 0) + 1)
    // One message after the other: `attach` looks the token up, and what follows it waits.
    let turn = Promise.resolve()
    socket.on('message', (data: Buffer, isBinary) => {
      if (!messages.allow('')) {
        socket.close(1008, 'too many messages')
        return
      }
      const message = isBinary ? undefined : read(data)
      if (message === undefined) {
        socket.close(1008, 'not a message of an agent')
        return
      }
      if (message.type === 'start' && !this.#starts.allow(address)) {
        say({ type: 'failed', requestId: message.requestId, code: 'too-many-requests', message: 'too many requests from this address: wait a little' })
        return
      }
      turn = turn.then(async () => {
        try {
          const wrong = await page.receive(message)
          if (wrong !== undefined) socket.close(1008, wrong)
        } catch (error) {
          if (isFault(error, 'site-invalid')) {
            socket.close(1008, error.message.slice(0, 100))
            return
          }
          log.warn({ error: messageOf(error) }, 'an agent could not be served')
          socket.close(1013, 'the wallet is busy, try again later')
        }
      })
    })
    socket.on('pong', () => {
      attached.answered = true
    })
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      this.#attached.delete(attached)
      const open = (this.#perAddress.get(address) ?? 1) - 1
      if (open === 0) this.#perAddress.delete(address)
      else this.#perAddress.set(address, open)
      page.leave()
    })
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function read(data: Buffer): MessageOf<AgentToWallet> | undefined {
  try {
    const parsed = agentMessage.safeParse(JSON.parse(data.toString()))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}
