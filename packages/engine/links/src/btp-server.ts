import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { decodeFrame, encodeFrame, frameBytesMax, FrameType } from '@rivulet/btp'
import { Fault, messageOf } from '@rivulet/faults'
import type { LateListener, PacketHandler, Prepare, Reply } from '@rivulet/ilp'
import type { Clock } from '@rivulet/time'
import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import { credentialsOf } from './btp-auth.ts'
import { BtpConnection, errorFrame } from './btp-connection.ts'
import { defaultLimits, type DuplexLink, type IncomingToken, type LinkLimits, type LinkLog, neverLeft, noHandler, tokenKey } from './link.ts'

export interface BtpServerOptions {
  readonly clock: Clock
  readonly log: LinkLog
  readonly limits?: Partial<LinkLimits>
  /** Until when a new connection must have said who it is, 5,000 unless told. */
  readonly authMsMax?: number
  /** Connections that have not said who they are, 1,000 unless told. */
  readonly strangersMax?: number
  /** 64 unless told. */
  readonly connectionsPerPeerMax?: number
}

/** The peer's end: any number of connections, of which the least busy takes the next packet. */
class BtpPeer implements DuplexLink {
  readonly id: string
  readonly connections = new Set<BtpConnection>()
  #handler: PacketHandler = noHandler

  constructor(id: string) {
    this.id = id
  }

  receive(handler: PacketHandler): void {
    this.#handler = handler
  }

  answer(prepare: Prepare): Promise<Reply> {
    return this.#handler(prepare)
  }

  send(prepare: Prepare, late?: LateListener): Promise<Reply> {
    let idlest: BtpConnection | undefined
    for (const connection of this.connections) {
      if (idlest === undefined || connection.requestsInFlight < idlest.requestsInFlight) idlest = connection
    }
    return idlest === undefined ? neverLeft.notConnected() : idlest.send(prepare, late)
  }
}

/** Takes BTP connections of known peers on a path of an HTTP server. Tokens are kept as hashes. */
export class BtpServer implements AsyncDisposable {
  readonly #options: Required<BtpServerOptions>
  readonly #limits: LinkLimits
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: frameBytesMax, clientTracking: true })
  readonly #peersByToken = new Map<string, BtpPeer>()
  #strangers = 0
  #stopped = false

  constructor(options: BtpServerOptions) {
    this.#options = { limits: {}, authMsMax: 5_000, strangersMax: 1_000, connectionsPerPeerMax: 64, ...options }
    this.#limits = { ...defaultLimits, ...options.limits }
  }

  /** Takes upgrades to `path`, for example `/btp`. Other upgrades are left to other listeners of the server: whoever puts it together refuses those that nobody takes. */
  attach(server: Server, path: string): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (URL.parse(request.url ?? '', 'http://host')?.pathname === path) this.#upgrade(request, socket, head)
    })
  }

  /**
   * Lets a peer connect with this token, and gives the link to it; before it connects, packets get T01. Its `auth_username` must be empty or `id`.
   * Throws Fault `token-taken`.
   */
  addPeer(spec: { readonly id: string } & IncomingToken): DuplexLink {
    const { id } = spec
    const key = tokenKey(spec)
    if (this.#peersByToken.has(key)) throw new Fault('token-taken', `the token of ${id} is another peer's; give each peer its own`)
    const peer = new BtpPeer(id)
    this.#peersByToken.set(key, peer)
    return peer
  }

  /** Whether the peer has a connection that said who it is. */
  isConnected(id: string): boolean {
    for (const peer of this.#peersByToken.values()) if (peer.id === id && peer.connections.size > 0) return true
    return false
  }

  /** Closes the peer's connections in good order, and takes none of it any more. */
  removePeer(id: string): void {
    for (const [key, peer] of this.#peersByToken) {
      if (peer.id !== id) continue
      this.#peersByToken.delete(key)
      for (const connection of peer.connections) void connection.close()
    }
  }

  /** Takes no more connections and packets, and closes all in good order. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    const connections = [...this.#peersByToken.values()].flatMap((peer) => [...peer.connections])
    await Promise.all(connections.map((connection) => connection.close()))
    for (const webSocket of this.#webSockets.clients) webSocket.terminate()
    await new Promise<void>((resolve) => this.#webSockets.close(() => resolve()))
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#stopped || this.#strangers >= this.#options.strangersMax) {
      socket.destroy()
      return
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#greet(webSocket, socket))
  }

  /** Waits for the first frame, which must say who connects. */
  #greet(webSocket: WebSocket, socket: Duplex): void {
    const { clock, log, authMsMax } = this.#options
    const from = 'remoteAddress' in socket ? socket.remoteAddress : undefined
    const refuse = (why: string): void => {
      log.warn({ from, why }, 'BTP connection refused')
      webSocket.terminate()
    }
    this.#strangers += 1
    const tooLate = clock.after(authMsMax, () => refuse(`said not who it is within ${authMsMax} ms`), { background: true })
    let known = false
    const noStranger = (): void => {
      if (known) return
      known = true
      this.#strangers -= 1
      tooLate.cancel()
    }
    webSocket.on('error', (error) => log.warn({ from, why: messageOf(error) }, 'BTP connection cut off'))
    webSocket.once('close', noStranger)
    webSocket.once('message', (data) => {
      noStranger()
      try {
        this.#introduce(webSocket, socket, data)
      } catch (error) {
        refuse(messageOf(error))
      }
    })
  }

  #introduce(webSocket: WebSocket, socket: Duplex, data: RawData): void {
    const { clock, log, connectionsPerPeerMax } = this.#options
    const frame = decodeFrame(Buffer.isBuffer(data) ? data : Buffer.alloc(0))
    const credentials = credentialsOf(frame)
    const peer = credentials === undefined ? undefined : this.#peersByToken.get(tokenKey(credentials))
    const refuse = (why: string): void => {
      log.warn({ peer: peer?.id, why }, 'BTP connection refused')
      webSocket.send(errorFrame(frame.requestId, clock, why))
      webSocket.close(1008)
    }
    if (credentials === undefined) return refuse('the first frame must be auth with auth_token')
    if (peer === undefined || (credentials.username !== '' && credentials.username !== peer.id)) return refuse('auth_username and auth_token are not known here')
    if (this.#stopped) return refuse('the server is about to stop')
    if (peer.connections.size >= connectionsPerPeerMax) return refuse(`a peer may have at most ${connectionsPerPeerMax} connections`)
    const connection = new BtpConnection({
      webSocket, socket, clock, log, limits: this.#limits, peerId: peer.id,
      handler: (prepare) => peer.answer(prepare),
      closed: () => {
        peer.connections.delete(connection)
        log.info({ peer: peer.id, connections: peer.connections.size }, 'BTP connection ended')
      },
    })
    peer.connections.add(connection)
    webSocket.send(encodeFrame({ type: FrameType.response, requestId: frame.requestId, protocols: [] }))
    log.info({ peer: peer.id, connections: peer.connections.size }, 'BTP connection opened')
  }
}
