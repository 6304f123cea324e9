/** A hostile peer: it stands between a wallet and a real receiver, answers SPSP in the receiver's place, and so holds the secrets to lie inside STREAM as well. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Prepare, Reply } from '@rivulet/ilp'
import { BtpClient, BtpServer } from '@rivulet/links'
import { StreamKeys } from '@rivulet/stream'
import { systemClock } from '@rivulet/time'

export interface Meddling {
  readonly prepare: Prepare
  /** Of the connection that the packet belongs to. */
  readonly keys: StreamKeys
  /** Hands the packet to the real receiver. */
  readonly forward: () => Promise<Reply>
  /** Breaks every connection to the wallet now. */
  readonly cut: () => void
}

/** What becomes of a packet. */
export type Fate = (meddling: Meddling) => Promise<Reply>

export interface MeddlerOptions {
  /** Public URL of the real receiver. */
  readonly receiver: string
  /** The path of the publisher who is asked for in truth. */
  readonly payee: string
  /** The wallet's BTP token at the receiver. */
  readonly token: string
  /** By the path of the pointer. */
  readonly fates: Readonly<Record<string, Fate>>
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined }

export class Meddler implements AsyncDisposable {
  readonly url: string
  /** All destinations that were given out, by the path of the pointer: a wallet that goes on asks again. */
  readonly destinations = new Map<string, string[]>()
  readonly #server: Server
  readonly #btp: BtpServer
  readonly #upstream: BtpClient
  readonly #sockets = new Set<Socket>()
  readonly #connections = new Map<string, { readonly keys: StreamKeys; readonly fate: Fate }>()

  private constructor(server: Server, options: MeddlerOptions) {
    const clock = systemClock
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    this.#upstream = new BtpClient({ url: `${options.receiver.replace(/^http/, 'ws')}/btp`, username: 'wallet', token: options.token, peerId: 'receiver', clock, log: quiet })
    this.#btp = new BtpServer({ clock, log: quiet })
    this.#btp.attach(server, '/btp')
    this.#btp.addPeer({ id: 'wallet', token: options.token }).receive((prepare) => this.#meddle(prepare))
    server.on('upgrade', (_request, socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    server.on('request', (request, response) => {
      void this.#introduce(request.url?.slice(1) ?? '', options).then((answer) => response.writeHead(200, { 'content-type': 'application/spsp4+json' }).end(answer))
    })
  }

  static async open(options: MeddlerOptions): Promise<Meddler> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const meddler = new Meddler(server, options)
    await meddler.#upstream.connected()
    return meddler
  }

  get btpUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/btp`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#btp[Symbol.asyncDispose](), this.#upstream[Symbol.asyncDispose]()])
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #introduce(path: string, { receiver, payee, fates }: MeddlerOptions): Promise<string> {
    const answer = await (await fetch(`${receiver}/${payee}`, { headers: { accept: 'application/spsp4+json' } })).text()
    const { destination_account: destination, shared_secret: secret } = JSON.parse(answer) as { destination_account: string; shared_secret: string }
    const fate = fates[path]
    if (fate === undefined) throw new Error(`no fate for ${path}`)
    this.destinations.set(path, [...(this.destinations.get(path) ?? []), destination])
    this.#connections.set(destination, { keys: new StreamKeys(Buffer.from(secret, 'base64url')), fate })
    return answer
  }

  async #meddle(prepare: Prepare): Promise<Reply> {
    const connection = this.#connections.get(prepare.destination)
    if (connection === undefined) throw new Error(`a packet for ${prepare.destination}, which nobody gave out`)
    const { keys, fate } = connection
    return fate({ prepare, keys, forward: () => this.#upstream.send(prepare), cut: () => this.#sockets.forEach((socket) => socket.destroy()) })
  }
}
