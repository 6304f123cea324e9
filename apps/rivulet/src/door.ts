import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Fault } from '@rivulet/faults'
import type { Clock } from '@rivulet/time'

type DoorFaultCode = 'port-in-use' | 'listen-failed'
class DoorFault extends Fault<DoorFaultCode> {}

export interface DoorOptions {
  readonly name: string
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly tls?: { readonly certificate: string; readonly key: string } | undefined
}

const requestTimeoutMs = 30_000
const headersTimeoutMs = 10_000
const headerBytesMax = 16_384
const connectionsMax = 20_000

/** One listening port. It is open before what it serves is built, so that public URLs can name it; until then it answers 503. */
export class Door {
  readonly server: Server
  readonly port: number
  #listener: RequestListener = unavailable

  private constructor(server: Server) {
    this.server = server
    this.port = (server.address() as AddressInfo).port
    server.on('request', (request, response) => this.#listener(request, response))
  }

  /** Throws `port-in-use` with the port in its message, `listen-failed`. */
  static async open({ name, host, port, tls }: DoorOptions): Promise<Door> {
    const options = { requestTimeout: requestTimeoutMs, headersTimeout: headersTimeoutMs, maxHeaderSize: headerBytesMax, keepAlive: true }
    const server = tls === undefined ? createServer(options) : createTlsServer({ ...options, cert: tls.certificate, key: tls.key })
    server.maxConnections = connectionsMax
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => {
        const inUse = error.code === 'EADDRINUSE'
        reject(new DoorFault(inUse ? 'port-in-use' : 'listen-failed', inUse ? `port ${port} for the ${name} is in use: stop what uses it, or start with --port and another number` : `cannot listen on ${host}:${port} for the ${name}: ${error.message}`, { cause: error }))
      })
      server.listen(port, host, resolve)
    })
    return new Door(server)
  }

  serve(listener: RequestListener): void {
    this.#listener = listener
  }

  /** Whoever asks for an upgrade of another path is told at once: no other listener takes it. */
  refuseUpgradesBut(path: string): void {
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
      if (URL.parse(request.url ?? '', 'http://door')?.pathname === path) return
      socket.on('error', () => socket.destroy())
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    })
  }

  /** Answers 503 from now on. */
  rest(): void {
    this.#listener = unavailable
  }

  /** Takes no more; what is being answered has `patienceMs` to end. */
  async close(clock: Clock, patienceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()))
    this.server.closeIdleConnections()
    const patience = clock.after(patienceMs, () => this.server.closeAllConnections())
    await closed
    patience.cancel()
  }
}

const unavailable: RequestListener = (_request, response) => {
  response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' })
  response.end('{"error":{"code":"unavailable","message":"Rivulet is starting or stopping; try again in a second"}}')
}
