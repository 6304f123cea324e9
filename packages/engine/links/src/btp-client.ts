import { randomInt } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { decodeFrame, frameBytesMax, FrameType } from '@rivulet/btp'
import { Fault, messageOf } from '@rivulet/faults'
import type { LateListener, PacketHandler, Prepare, Reply } from '@rivulet/ilp'
import type { Clock, Timer } from '@rivulet/time'
import { WebSocket } from 'ws'
import { authFrame } from './btp-auth.ts'
import { BtpConnection } from './btp-connection.ts'
import { defaultLimits, type DuplexLink, type LinkLimits, type LinkLog, neverLeft, noHandler } from './link.ts'

export interface BtpClientOptions {
  /** `ws://host:port/path` or `wss://...`, without credentials. */
  readonly url: string
  readonly token: string
  /** Empty unless told. */
  readonly username?: string
  /** For the log. */
  readonly peerId: string
  readonly clock: Clock
  readonly log: LinkLog
  readonly limits?: Partial<LinkLimits>
  /** Until when a connection must be open and authenticated, 10,000 unless told. */
  readonly connectMsMax?: number
}

const backOffMsFirst = 100
const backOffMsMax = 30_000

/** A BTP connection to a peer that listens. Connects at once, and again whenever the connection ends, more slowly each time, until disposed. */
export class BtpClient implements DuplexLink, AsyncDisposable {
  readonly #options: BtpClientOptions
  #handler: PacketHandler = noHandler
  #connection: BtpConnection | undefined
  #webSocket: WebSocket | undefined
  #retry: Timer | undefined
  #failures = 0
  #disposed = false
  #waiting: (() => void)[] = []

  constructor(options: BtpClientOptions) {
    this.#options = options
    this.#connect()
  }

  receive(handler: PacketHandler): void {
    this.#handler = handler
  }

  /** While there is no connection packets get T01. */
  send(prepare: Prepare, late?: LateListener): Promise<Reply> {
    return this.#connection === undefined ? neverLeft.notConnected() : this.#connection.send(prepare, late)
  }

  /** Whether a connection is open and authenticated now. */
  get isConnected(): boolean {
    return this.#connection !== undefined
  }

  /** Resolves once a connection is open and authenticated; at once if one is. Throws Fault `closed` when the client is disposed before. */
  async connected(): Promise<void> {
    while (this.#connection === undefined) {
      if (this.#disposed) throw new Fault('closed', `the link to ${this.#options.peerId} was closed`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** Closes in good order and connects no more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true
    this.#retry?.cancel()
    await this.#connection?.close()
    const webSocket = this.#webSocket
    if (webSocket !== undefined && webSocket.readyState !== WebSocket.CLOSED) {
      const closed = new Promise<void>((resolve) => webSocket.once('close', () => resolve()))
      if (webSocket.readyState !== WebSocket.CLOSING) webSocket.terminate()
      await closed
    }
    this.#wake()
  }

  #connect(): void {
    const { url, clock, log, peerId, token, username = '', connectMsMax = 10_000 } = this.#options
    const webSocket = new WebSocket(url, { perMessageDeflate: false, maxPayload: frameBytesMax, followRedirects: false })
    this.#webSocket = webSocket
    let socket: Duplex | undefined
    let failure = 'the peer closed the connection'
    const tooLate = clock.after(connectMsMax, () => {
      failure = `no authenticated connection within ${connectMsMax} ms`
      webSocket.terminate()
    }, { background: true })
    webSocket.on('upgrade', (response) => (socket = response.socket))
    webSocket.on('open', () => webSocket.send(authFrame(1, { username, token })))
    webSocket.on('error', (error) => (failure = messageOf(error)))
    webSocket.once('message', (data) => {
      try {
        const frame = decodeFrame(Buffer.isBuffer(data) ? data : Buffer.alloc(0))
        if (frame.type === FrameType.error) throw new Fault('refused', `the peer refused our token: ${frame.code} ${frame.message}`)
        if (frame.type !== FrameType.response || frame.requestId !== 1 || socket === undefined) throw new Fault('refused', 'the peer did not answer our auth frame')
        tooLate.cancel()
        this.#opened(webSocket, socket)
      } catch (error) {
        failure = messageOf(error)
        webSocket.terminate()
      }
    })
    webSocket.once('close', () => {
      tooLate.cancel()
      if (this.#disposed) return
      const delayMs = this.#nextDelayMs()
      log.warn({ peer: peerId, why: failure, retryInMs: delayMs }, 'BTP connection ended')
      this.#retry = clock.after(delayMs, () => this.#connect())
    })
  }

  #opened(webSocket: WebSocket, socket: Duplex): void {
    const { clock, log, limits, peerId } = this.#options
    this.#failures = 0
    const connection = new BtpConnection({
      webSocket, socket, clock, log, limits: { ...defaultLimits, ...limits }, peerId,
      handler: (prepare) => this.#handler(prepare),
      closed: () => {
        if (this.#connection === connection) this.#connection = undefined
      },
    })
    this.#connection = connection
    log.info({ peer: peerId }, 'BTP connection opened')
    this.#wake()
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Doubles with each failure; half of it is chance, so that many clients of one server do not return at the same moment. */
  #nextDelayMs(): number {
    const fullMs = Math.min(backOffMsMax, backOffMsFirst * 2 ** Math.min(this.#failures, 16))
    this.#failures += 1
    return fullMs / 2 + randomInt(fullMs / 2)
  }
}
