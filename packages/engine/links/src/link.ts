import { hash } from 'node:crypto'
import { ErrorCode, type Link, linkRefusals, type PacketHandler, reject, type Reply } from '@rivulet/ilp'

/** A Link that also takes the peer's packets. */
export interface DuplexLink extends Link {
  /** Hands every Prepare of the peer to `handler`, instead of any handler before. Without one they are answered T01. */
  receive(handler: PacketHandler): void
}

/** What a link says about its connections. Fields never hold a token. A pino logger fits. */
export interface LinkLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Who may use a link: the peer's token, or its SHA-256 where only that is kept. */
export type IncomingToken = { readonly token: string } | { readonly tokenHash: Buffer }

/** By which a token is found: the hash, in hex. */
export function tokenKey(incoming: IncomingToken): string {
  return 'token' in incoming ? hash('sha256', incoming.token, 'hex') : incoming.tokenHash.toString('hex')
}

/** How much a link takes before it refuses. Whatever is refused never left, so that its money is free. */
export interface LinkLimits {
  /** Requests without an answer, in each direction. Beyond it T03. 20,000 unless told. */
  readonly requestsInFlightMax: number
  /** Requests that were given up, and whose answers are still wanted; the oldest is forgotten first. About 1 kB each. 100,000 unless told. */
  readonly lateAnswersMax: number
  /** Bytes that wait to be written. Beyond it our requests get T03; a peer that does not read its answers is cut off. 8,000,000 unless told. */
  readonly bufferedBytesMax: number
}

export const defaultLimits: LinkLimits = { requestsInFlightMax: 20_000, lateAnswersMax: 100_000, bufferedBytesMax: 8_000_000 }

export const noHandler: PacketHandler = () => Promise.resolve(reject(ErrorCode.peerUnreachable, '', 'nothing takes packets here yet; try again'))

/** The Rejects of packets that never left. */
export const neverLeft = {
  expired: () => Promise.resolve<Reply>(linkRefusals.expired),
  notConnected: () => Promise.resolve<Reply>(linkRefusals.notConnected),
  busy: () => Promise.resolve<Reply>(linkRefusals.busy),
  invalid: (why: string) => Promise.resolve<Reply>(reject(ErrorCode.invalidPacket, '', why)),
}
