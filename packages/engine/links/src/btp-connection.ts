import type { Duplex } from 'node:stream'
import { ContentType, decodeFrame, encodeFrame, type Frame, FrameType, ilpFrameBytes, ilpPacketOf, writeIlpFrameHead } from '@rivulet/btp'
import { messageOf } from '@rivulet/faults'
import { decodePrepare, decodeReply, ErrorCode, type LateListener, PacketFault, type PacketHandler, type Prepare, prepareBytes, reject, type Reply, replyBytes, writePrepare, writeReply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'
import type { RawData, WebSocket } from 'ws'
import { type LinkLimits, type LinkLog, neverLeft } from './link.ts'
import { PendingRequests } from './pending-requests.ts'

export interface BtpConnectionOptions {
  readonly webSocket: WebSocket
  /** The socket below the WebSocket, to gather writes. */
  readonly socket: Duplex
  readonly clock: Clock
  readonly log: LinkLog
  readonly limits: LinkLimits
  /** For the log. */
  readonly peerId: string
  readonly handler: PacketHandler
  readonly closed: () => void
}

/** A connection that says nothing for this long is asked whether it lives, and cut off when it says nothing for as long again. */
const heartbeatMs = 15_000
/** Longest that closing waits for answers, and then for the peer's goodbye. */
const drainMsMax = 5_000
const goodbyeMsMax = 1_000
const unusableReply = reject(ErrorCode.internalError, '', 'the packet could not be handled')
const sendOptions = { binary: true, compress: false } as const

/**
 * One authenticated BTP connection (RFC 23), the same on both sides. All frames of one turn of the event loop leave in one write; each stays a WebSocket message of its own.
 * Bytes that are no BTP or ILP close this connection and nothing else.
 */
export class BtpConnection {
  readonly #options: BtpConnectionOptions
  readonly #webSocket: WebSocket
  readonly #pending: PendingRequests
  #answering = 0
  #corked = false
  #heard = true
  #open = true
  #closing: Promise<void> | undefined
  #idle: (() => void) | undefined

  constructor(options: BtpConnectionOptions) {
    this.#options = options
    this.#webSocket = options.webSocket
    this.#pending = new PendingRequests(options.clock, options.limits.lateAnswersMax)
    this.#webSocket.on('message', (data, isBinary) => this.#receive(data, isBinary))
    this.#webSocket.on('pong', () => (this.#heard = true))
    this.#webSocket.on('close', (code) => this.#ended(`connection closed (${code})`))
    this.#beatLater()
  }

  get requestsInFlight(): number {
    return this.#pending.size
  }

  /** As Link.send: Rejects of our own only for what never left. */
  send(prepare: Prepare, late?: LateListener): Promise<Reply> {
    const { clock, limits } = this.#options
    if (!this.#open || this.#closing !== undefined) return neverLeft.notConnected()
    if (prepare.expiresAtMs <= clock.nowMs()) return neverLeft.expired()
    if (this.#pending.size >= limits.requestsInFlightMax || this.#webSocket.bufferedAmount > limits.bufferedBytesMax) return neverLeft.busy()
    return new Promise((resolve, fail) => {
      const requestId = this.#pending.open({ expiresAtMs: prepare.expiresAtMs, resolve, reject: fail, late })
      try {
        const packetBytes = prepareBytes(prepare)
        const frame = Buffer.allocUnsafe(ilpFrameBytes(packetBytes))
        writePrepare(prepare, frame, writeIlpFrameHead(frame, { type: FrameType.message, requestId, packetBytes }))
        this.#write(frame)
      } catch (error) {
        this.#pending.settle(requestId, reject(ErrorCode.invalidPacket, '', messageOf(error)))
      }
    })
  }

  /**
   * Closes in good order: takes no more packets (T01), waits at most 5 s for the answers to those in flight on both sides, and lets them leave. What is in flight then is in
   * doubt. Idempotent; never throws.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (!this.#open) return
    const { clock } = this.#options
    const closed = new Promise<void>((resolve) => this.#webSocket.once('close', () => resolve()))
    const idle = new Promise<void>((resolve) => (this.#idle = resolve))
    const enough = clock.after(drainMsMax, () => this.#idle?.(), { background: true })
    this.#checkIdle()
    await Promise.race([idle, closed])
    enough.cancel()
    this.#webSocket.close(1000)
    const tooLate = clock.after(goodbyeMsMax, () => this.#webSocket.terminate(), { background: true })
    await closed
    tooLate.cancel()
  }

  #checkIdle(): void {
    if (this.#idle !== undefined && this.#answering === 0 && this.#pending.size === 0) this.#idle()
  }

  #receive(data: RawData, isBinary: boolean): void {
    this.#heard = true
    if (!this.#open) return
    try {
      if (!isBinary || !Buffer.isBuffer(data)) throw new PacketFault('a text message is no BTP frame')
      this.#handle(decodeFrame(data))
      this.#checkIdle()
    } catch (error) {
      this.#cutOff(messageOf(error))
    }
  }

  #handle(frame: Frame): void {
    const { requestId } = frame
    switch (frame.type) {
      case FrameType.message: {
        const packet = ilpPacketOf(frame)
        // Other sub-protocols are acknowledged and left alone (RFC 23).
        if (packet === undefined) this.#write(encodeFrame({ type: FrameType.response, requestId, protocols: [] }))
        else this.#answer(requestId, decodePrepare(packet))
        return
      }
      case FrameType.response: {
        if (!this.#pending.has(requestId)) return
        const packet = ilpPacketOf(frame)
        this.#pending.settle(requestId, packet === undefined ? reject(ErrorCode.internalError, '', 'the peer answered without an ILP packet') : decodeReply(packet))
        return
      }
      case FrameType.error:
        // The peer could not handle the request, and with it gives up its only chance to answer with a preimage.
        this.#pending.settle(requestId, reject(ErrorCode.internalError, '', `the peer answered with BTP error ${frame.code}`))
        return
      case FrameType.transfer:
        this.#write(errorFrame(requestId, this.#options.clock, 'settlement over BTP is not taken here'))
        return
    }
  }

  #answer(requestId: number, prepare: Prepare): void {
    const { limits, handler, log, peerId } = this.#options
    if (this.#closing !== undefined) {
      this.#reply(requestId, reject(ErrorCode.peerUnreachable, '', 'the connection is about to close; try again'))
      return
    }
    if (this.#answering >= limits.requestsInFlightMax) {
      this.#reply(requestId, reject(ErrorCode.connectorBusy, '', `more than ${limits.requestsInFlightMax} packets are in flight; send more slowly`))
      return
    }
    this.#answering += 1
    handler(prepare).then(
      (reply) => {
        this.#answering -= 1
        this.#reply(requestId, reply)
        this.#checkIdle()
      },
      (error: unknown) => {
        this.#answering -= 1
        log.error({ peer: peerId, error }, 'the handler of packets threw')
        this.#reply(requestId, unusableReply)
        this.#checkIdle()
      },
    )
  }

  #reply(requestId: number, reply: Reply): void {
    if (!this.#open) return
    if (this.#webSocket.bufferedAmount > this.#options.limits.bufferedBytesMax) {
      this.#cutOff('the peer does not read its answers')
      return
    }
    this.#write(this.#replyFrame(requestId, reply))
  }

  #replyFrame(requestId: number, reply: Reply): Buffer {
    try {
      const packetBytes = replyBytes(reply)
      const frame = Buffer.allocUnsafe(ilpFrameBytes(packetBytes))
      writeReply(reply, frame, writeIlpFrameHead(frame, { type: FrameType.response, requestId, packetBytes }))
      return frame
    } catch (error) {
      this.#options.log.error({ peer: this.#options.peerId, error }, 'the handler of packets gave a reply that cannot be written')
      return this.#replyFrame(requestId, unusableReply)
    }
  }

  #write(frame: Buffer): void {
    if (!this.#corked) {
      this.#corked = true
      this.#options.socket.cork()
      setImmediate(this.#uncork)
    }
    this.#webSocket.send(frame, sendOptions)
  }

  readonly #uncork = (): void => {
    this.#corked = false
    this.#options.socket.uncork()
  }

  #beatLater(): void {
    this.#options.clock.after(heartbeatMs, () => this.#beat(), { background: true })
  }

  #beat(): void {
    if (!this.#open) return
    if (!this.#heard) {
      this.#cutOff(`the peer said nothing for ${heartbeatMs / 1_000} s`)
      return
    }
    this.#heard = false
    this.#webSocket.ping()
    this.#beatLater()
  }

  #cutOff(why: string): void {
    this.#options.log.warn({ peer: this.#options.peerId, why }, 'BTP connection cut off')
    this.#webSocket.terminate()
    this.#ended(why)
  }

  #ended(why: string): void {
    if (!this.#open) return
    this.#open = false
    this.#pending.failAll(why)
    this.#options.closed()
  }
}

/** The answer to what is not accepted (RFC 23, error F00). */
export function errorFrame(requestId: number, clock: Clock, message: string): Buffer {
  return encodeFrame({
    type: FrameType.error, requestId, code: 'F00', name: 'NotAcceptedError', triggeredAtMs: clock.nowMs(), message,
    protocols: [{ name: 'error', contentType: ContentType.text, data: Buffer.from(message) }],
  })
}
