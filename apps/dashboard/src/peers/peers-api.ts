import * as z from 'zod/mini'
import { anyAnswer, type ApiFault, callApi } from '../api.ts'
import { units } from '../payouts/payouts-api.ts'
import { personSchema } from '../session/session.ts'

const peerSchema = z.object({
  name: z.string(),
  state: z.enum(['active', 'paused']),
  /** Null: not known, or nothing that could be. */
  connected: z.nullable(z.boolean()),
  link: z.object({ kind: z.enum(['btp-client', 'btp-server', 'http']), url: z.optional(z.string()) }),
  address: z.string(),
  accountId: z.string(),
  prefixes: z.array(z.string()),
  asset: z.object({ code: z.string(), scale: z.number() }),
  limits: z.object({
    packetAmountMax: units,
    packetsPerSecondMax: z.number(),
    packetsBurstMax: z.number(),
    outgoingPacketsPerSecondMax: z.nullable(z.number()),
    owedMax: units,
    settlementThreshold: z.nullable(units),
  }),
  balance: z.object({ owedToUs: units, owedToPeer: units, leased: units }),
  settlementDue: units,
})
export type Peer = z.infer<typeof peerSchema>
export type LinkKind = Peer['link']['kind']

/** Throws ApiFault, status 401 when nobody is signed in; so does everything below. */
export function loadPeers() {
  return callApi('/api/peers', { answer: z.object({ person: personSchema, peers: z.array(peerSchema), own: z.array(z.object({ peer: z.string(), up: z.boolean() })) }) })
}

const pathOf = (name: string): string => `/api/peers/${encodeURIComponent(name)}`

export function loadPeer(name: string) {
  return callApi(pathOf(name), { answer: z.object({ person: personSchema, peer: peerSchema }) })
}

/** Resolves to the token that the peer must say to us, if one was made: it is told this once. */
export async function addPeer(spec: object): Promise<string | undefined> {
  return (await callApi('/api/peers', { method: 'POST', body: spec, answer: z.object({ incomingToken: z.optional(z.string()) }) })).incomingToken
}

export async function limitPeer(name: string, limits: object): Promise<void> {
  await callApi(pathOf(name), { method: 'PATCH', body: limits, answer: anyAnswer })
}

export async function switchPeer(name: string, to: 'pause' | 'resume', reason: string): Promise<void> {
  await callApi(`${pathOf(name)}/${to}`, { method: 'POST', body: { reason }, answer: anyAnswer })
}

export async function removePeer(name: string, reason: string): Promise<void> {
  await callApi(pathOf(name), { method: 'DELETE', body: { reason }, answer: anyAnswer })
}

export async function settlePeer(name: string, settlement: { readonly key: string; readonly direction: 'paid' | 'received'; readonly amount: string }): Promise<void> {
  await callApi(`${pathOf(name)}/settlements`, { method: 'POST', body: settlement, answer: anyAnswer })
}

const fieldOfCode: Readonly<Record<string, string>> = { 'peer-known': 'name', 'prefix-taken': 'prefixes', 'token-taken': 'incomingToken', 'url-insecure': 'url', 'key-reused': 'key', 'amount-too-large': 'amount' }

/** The field that a refusal is about, if it is about one: the server names its path first. */
export function fieldOf(fault: ApiFault | undefined): string | undefined {
  if (fault === undefined) return undefined
  if (fault.code !== 'peer-invalid') return fieldOfCode[fault.code]
  return /^([A-Za-z0-9.]+): /.exec(fault.message)?.[1]?.split('.').filter((part) => !/^[0-9]+$/.test(part)).at(-1)
}
