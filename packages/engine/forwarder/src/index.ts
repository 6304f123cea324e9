export { Forwarder, type ForwarderOptions } from './forwarder.ts'
export type { CreditLine, Peer, PeerLimits, PeerSpec, Settlement } from './peer.ts'
export type { LocalHandler } from './rule.ts'
export type { RateOf } from './rules/rate.ts'
