import { Agent as HttpAgent, type IncomingMessage, request as requestHttp, type RequestListener, type ServerResponse } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { Fault, messageOf } from '@rivulet/faults'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, ErrorCode, type LateListener, packetBytesMax, type PacketHandler, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'
import { defaultLimits, type DuplexLink, type IncomingToken, type LinkLimits, type LinkLog, neverLeft, noHandler, tokenKey } from './link.ts'
import { PendingRequests, type Waiting } from './pending-requests.ts'

const mediaType = 'application/octet-stream'

export interface HttpLinkOptions {
  /** Where the peer takes packets. */
  readonly url: string
  /** What we say to the peer. */
  readonly token: string
  readonly clock: Clock
  readonly log: LinkLog
  readonly limits?: Partial<LinkLimits>
  /** 32 unless told. Up to half of them wait for answers to packets that were given up. */
  readonly socketsMax?: number
}

/** ILP-over-HTTP (RFC 35): each packet is a POST to the peer over kept connections. What the peer posts comes by way of HttpLinkServer. */
export class HttpLink implements DuplexLink, Disposable {
  readonly #options: HttpLinkOptions
  readonly #limits: LinkLimits
  readonly #url: URL
  readonly #agent: HttpAgent
  readonly #pending: PendingRequests
  #handler: PacketHandler = noHandler
  #closed = false

  /** Throws Fault `url-invalid`. */
  constructor(options: HttpLinkOptions) {
    const url = URL.parse(options.url)
    if (url === null || !/^https?:$/.test(url.protocol)) throw new Fault('url-invalid', `not an http(s) URL: ${JSON.stringify(options.url.slice(0, 200))}`)
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#url = url
    const maxSockets = options.socketsMax ?? 32
    const agentOptions = { keepAlive: true, maxSockets }
    this.#agent = url.protocol === 'https:' ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
    this.#pending = new PendingRequests(options.clock, Math.min(this.#limits.lateAnswersMax, Math.floor(maxSockets / 2)))
  }

  receive(handler: PacketHandler): void {
    this.#handler = handler
  }

  /** What the peer posted. */
  answer(prepare: Prepare): Promise<Reply> {
    return this.#handler(prepare)
  }

  send(prepare: Prepare, late?: LateListener): Promise<Reply> {
    if (this.#closed) return neverLeft.notConnected()
    if (prepare.expiresAtMs <= this.#options.clock.nowMs()) return neverLeft.expired()
    if (this.#pending.size >= this.#limits.requestsInFlightMax) return neverLeft.busy()
    let body: Buffer
    try {
      body = encodePrepare(prepare)
    } catch (error) {
      return neverLeft.invalid(messageOf(error))
    }
    return new Promise((resolve, reject) => this.#post(body, { expiresAtMs: prepare.expiresAtMs, resolve, reject, late }))
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#pending.failAll('the link was closed')
    this.#agent.destroy()
  }

  #post(body: Buffer, asked: Omit<Waiting, 'forgotten'>): void {
    const outgoing = (this.#url.protocol === 'https:' ? requestHttps : requestHttp)(this.#url, {
      method: 'POST',
      agent: this.#agent,
      headers: { authorization: `Bearer ${this.#options.token}`, 'content-type': mediaType, accept: mediaType, 'content-length': body.length },
    })
    // Until a socket is connected nothing can have left.
    let left = false
    const id = this.#pending.open({ ...asked, forgotten: () => outgoing.destroy() })
    outgoing.on('socket', (socket) => {
      if (!socket.connecting) left = true
      else socket.once('connect', () => (left = true))
    })
    outgoing.on('error', (error) => {
      if (left) this.#pending.fail(id, `the peer broke off: ${error.message}`)
      else this.#pending.settle(id, reject(ErrorCode.peerUnreachable, '', `the peer cannot be reached: ${error.message}`))
    })
    outgoing.on('response', (response) => {
      readBody(response)
        .then((answer) => this.#pending.settle(id, replyOf(response.statusCode ?? 0, answer)))
        .catch((error: unknown) => {
          this.#options.log.warn({ url: this.#url.href, why: messageOf(error) }, 'answer over HTTP is not usable')
          this.#pending.fail(id, messageOf(error))
        })
    })
    outgoing.end(body)
  }
}

/** Takes the packets that peers post. */
export class HttpLinkServer {
  readonly #log: LinkLog
  readonly #requestsInFlightMax: number
  readonly #linksByToken = new Map<string, HttpLink>()
  #answering = 0

  constructor({ log, limits = {} }: { readonly log: LinkLog; readonly limits?: Partial<LinkLimits> }) {
    this.#log = log
    this.#requestsInFlightMax = limits.requestsInFlightMax ?? defaultLimits.requestsInFlightMax
  }

  /** What comes with this token comes from the link's peer. Throws Fault `token-taken`. */
  accept(incoming: IncomingToken, link: HttpLink): void {
    const key = tokenKey(incoming)
    if (this.#linksByToken.has(key)) throw new Fault('token-taken', 'the token is another peer\'s; give each peer its own')
    this.#linksByToken.set(key, link)
  }

  /** Takes nothing for this link any more. */
  refuse(link: HttpLink): void {
    for (const [key, known] of this.#linksByToken) if (known === link) this.#linksByToken.delete(key)
  }

  /** Answers `POST` with a Prepare (RFC 35): 200 with Fulfill or Reject; 400, 401, 405, 413 for what is none. */
  readonly listener: RequestListener = (request, response) => {
    this.#serve(request, response).catch((error: unknown) => {
      this.#log.warn({ why: messageOf(error) }, 'packet over HTTP refused')
      if (!response.headersSent) answerText(response, error instanceof BodyTooLarge ? 413 : 400, messageOf(error))
      else response.destroy()
    })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return answerText(response, 405, 'packets are sent by POST')
    const token = /^Bearer ([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const link = token === undefined ? undefined : this.#linksByToken.get(tokenKey({ token }))
    if (link === undefined) return answerText(response, 401, 'the bearer token is not known here')
    if (request.headers['content-type']?.toLowerCase() !== mediaType) return answerText(response, 400, `the content type must be ${mediaType}`)
    const prepare = decodePrepare(await readBody(request))
    if (this.#answering >= this.#requestsInFlightMax) return answerReply(response, reject(ErrorCode.connectorBusy, '', 'too many packets are in flight; send more slowly'))
    this.#answering += 1
    try {
      answerReply(response, await link.answer(prepare))
    } catch (error) {
      this.#log.error({ error }, 'the handler of packets threw')
      answerReply(response, reject(ErrorCode.internalError, '', 'the packet could not be handled'))
    } finally {
      this.#answering -= 1
    }
  }
}

class BodyTooLarge extends Fault<'body-too-large'> {}

async function readBody(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > packetBytesMax) throw new BodyTooLarge('body-too-large', `a body of more than ${packetBytesMax} bytes is no ILP packet`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A refusal (4xx) says that the peer did not take the packet; after any other answer without a packet its outcome is unknown, so this throws. */
function replyOf(status: number, body: Buffer): Reply {
  if (status === 200) return decodeReply(body)
  if (status >= 400 && status < 500) return reject(ErrorCode.internalError, '', `the peer refused the request with status ${status}`)
  throw new Fault('status-unexpected', `the peer answered with status ${status}`)
}

function answerReply(response: ServerResponse, reply: Reply): void {
  const body = encodeReply(reply)
  response.writeHead(200, { 'content-type': mediaType, 'content-length': body.length }).end(body)
}

function answerText(response: ServerResponse, status: number, text: string): void {
  // The rest of a refused body is not read, so the connection cannot be used again.
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' }).end(text)
}
