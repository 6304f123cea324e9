/** What an operator says about a peer, and what there is to know of one. Amounts are units of the link's asset, decimal strings in JSON. */
import type { Id } from '@rivulet/ids'
import { isAddress } from '@rivulet/ilp'
import { amountMax, type Asset } from '@rivulet/money'
import { z } from 'zod'

/** No packet carries more, whoever the peer is: see the forwarder's size rule. */
const packetAmountMost = 10n ** 12n
const prefixesMax = 100
/** Ids of the roles' own peers. */
const reserved = ['local', 'wallet', 'receiver']

const units = (least: bigint, most: bigint) =>
  z.string().regex(/^(0|[1-9][0-9]{0,18})$/, 'must be whole units as a decimal string').transform(BigInt).refine((value) => value >= least && value <= most, `must be from ${least} to ${most} units`)
const perSecond = z.int().min(1).max(1_000_000)
const token = z.string().regex(/^[\x21-\x7e]{16,200}$/, 'must be 16 to 200 printable characters without spaces')
const address = z.string().refine(isAddress, 'must be an ILP address')
const prefix = z.string().refine((text) => isAddress(text) && !text.startsWith('peer.') && !text.startsWith('local.'), 'must be an ILP address prefix of at least two segments')
const url = (schemes: RegExp, words: string) => z.url({ protocol: schemes, error: `must be a ${words} URL` }).max(2_048).refine((text) => !/[@#]/.test(text), 'must hold no credentials and no fragment')

const peerName = z.string().regex(/^[a-z][a-z0-9-]{1,39}$/, 'must be 2 to 40 lower-case letters, digits and hyphens, a letter first').refine((name) => !reserved.includes(name), 'is the name of a role of ours: choose another')

const limitFields = {
  /** Largest amount of one packet, in either direction. */
  packetAmountMax: units(1n, packetAmountMost),
  /** Packets that are taken from the peer, by each process. */
  packetsPerSecondMax: perSecond,
  packetsBurstMax: perSecond,
  /** Packets that the peer takes from us; null: as many as we have. */
  outgoingPacketsPerSecondMax: perSecond.nullable(),
  /** Most that the peer may owe us, packets in flight included, over all our processes. */
  owedMax: units(0n, amountMax),
  /** Settlement is due once we owe at least this much; null: never by itself. */
  settlementThreshold: units(1n, amountMax).nullable(),
}
export const limitsChange = z.strictObject(limitFields).partial().refine((change) => Object.keys(change).length > 0, 'names no limit')

const linkSpec = z.discriminatedUnion('kind', [
  /** We connect to the peer. */
  z.strictObject({ kind: z.literal('btp-client'), url: url(/^wss?$/, 'ws or wss'), token }),
  /** The peer connects to us, at `/btp` of the receiver's port. Without a token one is made. */
  z.strictObject({ kind: z.literal('btp-server'), incomingToken: token.optional() }),
  /** ILP-over-HTTP: we post to `url` with `token`, the peer posts to `/ilp` of the receiver's port with `incomingToken`. */
  z.strictObject({ kind: z.literal('http'), url: url(/^https?$/, 'http or https'), token, incomingToken: token.optional() }),
])

export const newPeer = z.strictObject({
  name: peerName,
  link: linkSpec,
  /** The peer's ILP address, told to it by ILDCP; below our own, after its name, unless told. */
  address: address.optional(),
  /** What else lies beyond it. */
  prefixes: z.array(prefix).max(prefixesMax).default([]),
  asset: z.strictObject({ code: z.string().regex(/^[A-Z]{3,8}$/), scale: z.int().min(0).max(18) }),
  limits: z.strictObject(limitFields).partial().default({}),
})

export const newSettlement = z.strictObject({
  /** Names this payment for ever: told twice it is booked once. */
  key: z.string().regex(/^[A-Za-z0-9._:-]{1,100}$/, 'must be 1 to 100 letters, digits, dots, colons, hyphens and underscores'),
  direction: z.enum(['paid', 'received']),
  amount: units(1n, amountMax),
})

export interface StoredLimits {
  readonly packetAmountMax: bigint
  readonly packetsPerSecondMax: number
  readonly packetsBurstMax: number
  readonly outgoingPacketsPerSecondMax: number | null
  readonly owedMax: bigint
  readonly settlementThreshold: bigint | null
}

export type StoredLink =
  | { readonly kind: 'btp-client'; readonly url: string; readonly tokenSealed: Buffer }
  | { readonly kind: 'btp-server'; readonly incomingTokenHash: Buffer }
  | { readonly kind: 'http'; readonly url: string; readonly tokenSealed: Buffer; readonly incomingTokenHash: Buffer }

export interface Peer {
  readonly id: Id<'peer'>
  readonly name: string
  readonly state: 'active' | 'paused'
  readonly address: string
  /** With `address` among them. */
  readonly prefixes: readonly string[]
  readonly asset: Asset
  readonly link: StoredLink
  readonly limits: StoredLimits
  readonly linkAccountId: Id<'acct'>
  readonly changedAtMs: number
}

/** What holds for a peer of whom no limits are told: a whole unit of the currency in a packet, ten owed, a hundred packets a second. */
export function defaultLimits({ scale }: Asset): StoredLimits {
  const one = 10n ** BigInt(scale)
  return {
    packetAmountMax: one < packetAmountMost ? one : packetAmountMost, packetsPerSecondMax: 1_000, packetsBurstMax: 1_000, outgoingPacketsPerSecondMax: null,
    owedMax: one * 10n < amountMax ? one * 10n : amountMax, settlementThreshold: null,
  }
}
