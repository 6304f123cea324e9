import { lookup, type LookupAddress } from 'node:dns'
import { type IncomingMessage, request as requestHttp, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type TcpNetConnectOpts } from 'node:net'
import { pipeline } from 'node:stream'
import { callbackify } from 'node:util'
import { Fault } from '@rivulet/faults'
import type { Clock } from '@rivulet/time'
import { isPublicAddress } from './address.ts'

export type OutboundFaultCode =
  | 'url-invalid'
  | 'not-https'
  | 'address-forbidden'
  | 'too-many-redirects'
  | 'timed-out'
  | 'body-too-large'
  | 'unreachable'

/** Why a request to a foreign server gave no answer. */
export class OutboundFault extends Fault<OutboundFaultCode> {}

export interface OutboundRequest {
  /** GET unless told. Only GET and HEAD follow redirects; the answer 3xx of others is returned as it is. */
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'DELETE'
  /** Names in lower case. `authorization` and `cookie` do not follow to another origin. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export interface OutboundAnswer {
  readonly status: number
  /** Names in lower case; repeated headers are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** Where the answer came from, after redirects. */
  readonly url: string
}

/** Asks a foreign server. Throws OutboundFault; an answer of any status is returned. */
export type GuardedFetch = (url: string | URL, request?: OutboundRequest) => Promise<OutboundAnswer>

export interface OutboundOptions {
  readonly clock: Clock
  /** Also allow http and addresses of this machine and its network. Only for the sandbox. */
  readonly allowLocal: boolean
  /** For all hops and the body together, 10,000 unless told. */
  readonly durationMsMax?: number
  /** 1,000,000 unless told. */
  readonly bodyBytesMax?: number
  /** 3 unless told. */
  readonly redirectsMax?: number
  /** All addresses of a host name; the system's resolver unless told. */
  readonly addressesOf?: (hostname: string) => Promise<readonly LookupAddress[]>
}

type Limits = Required<Omit<OutboundOptions, 'clock'>>

/**
 * Requests to servers that strangers name (design section 9). A host is resolved once for each connection and the connection is made to the very addresses that
 * were checked, so that a name cannot point elsewhere between check and use. Every redirect is checked again like a first request.
 */
export function guardedFetch(options: OutboundOptions): GuardedFetch {
  const limits: Limits = { durationMsMax: 10_000, bodyBytesMax: 1_000_000, redirectsMax: 3, addressesOf: systemAddressesOf, ...options }
  return async (url, request = {}) => {
    const deadline = new AbortController()
    const seconds = limits.durationMsMax / 1_000
    const timer = options.clock.after(limits.durationMsMax, () => {
      deadline.abort(new OutboundFault('timed-out', `${hostOf(url)} did not answer within ${seconds} s; check that the server is up and answers quickly`))
    })
    try {
      return await followRedirects(parseUrl(String(url)), request, limits, deadline.signal)
    } finally {
      timer.cancel()
    }
  }
}

async function followRedirects(first: URL, request: OutboundRequest, limits: Limits, signal: AbortSignal): Promise<OutboundAnswer> {
  const { method = 'GET' } = request
  let url = first
  for (let redirects = 0; ; redirects += 1) {
    checkUrl(url, limits)
    const headers = url.origin === first.origin ? (request.headers ?? {}) : withoutCredentials(request.headers ?? {})
    const answer = await ask(url, { ...request, method, headers }, limits, signal)
    const { location } = answer.headers
    const redirected = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined && (method === 'GET' || method === 'HEAD')
    if (!redirected) return answer
    if (redirects >= limits.redirectsMax) {
      throw new OutboundFault('too-many-redirects', `${first.host} redirects more than ${limits.redirectsMax} times, perhaps in a loop; use the address it finally leads to`)
    }
    url = parseUrl(location, url)
  }
}

function parseUrl(text: string, base?: URL): URL {
  const url = base === undefined ? URL.parse(text) : URL.parse(text, base.href)
  if (url === null) throw new OutboundFault('url-invalid', `not a URL: ${JSON.stringify(text.slice(0, 200))}; write it like https://host/path`)
  return url
}

function checkUrl(url: URL, limits: Limits): void {
  if (url.protocol !== 'https:' && !(limits.allowLocal && url.protocol === 'http:')) {
    throw new OutboundFault('not-https', `${url.protocol}//${url.host} is not https; serve it over https`)
  }
  if (url.username !== '' || url.password !== '') throw new OutboundFault('url-invalid', `the URL of ${url.host} carries a user name or password; leave it out`)
  // An address written out in the URL never reaches the resolver, so it is checked here.
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(literal) !== 0) checkAddress(url.hostname, literal, limits)
}

function checkAddress(hostname: string, address: string, limits: Limits): void {
  if (limits.allowLocal || isPublicAddress(address)) return
  throw new OutboundFault('address-forbidden', `${hostname} is at ${address}, which is not on the public internet; use a public host`)
}

/** The addresses that one connection may go to: exactly those that were checked. */
async function checkedAddresses(hostname: string, limits: Limits): Promise<LookupAddress[]> {
  const addresses = await limits.addressesOf(hostname)
  for (const { address } of addresses) checkAddress(hostname, address, limits)
  return [...addresses]
}

const addressesToCall = callbackify(checkedAddresses)

function systemAddressesOf(hostname: string): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      if (error === null) resolve(addresses)
      else reject(error)
    })
  })
}

function ask(url: URL, request: OutboundRequest, limits: Limits, signal: AbortSignal): Promise<OutboundAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => reject(faultOf(error, url, signal))
    if (signal.aborted) return fail(signal.reason)
    const options: RequestOptions & Pick<TcpNetConnectOpts, 'autoSelectFamily'> = {
      method: request.method,
      // Compressed answers could grow without limit, so none are asked for.
      headers: { ...request.headers, 'accept-encoding': 'identity' },
      autoSelectFamily: true,
      // Node asks for all addresses when it selects the family itself.
      lookup: (hostname, _, callback) => addressesToCall(hostname, limits, callback),
      agent: false,
      signal,
    }
    const send = url.protocol === 'https:' ? requestHttps : requestHttp
    const outgoing = send(url, options, (response) => void readAnswer(response, url, limits).then(resolve, fail))
    outgoing.on('error', fail)
    outgoing.end(request.body)
  })
}

function readAnswer(response: IncomingMessage, url: URL, limits: Limits): Promise<OutboundAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
      let bytes = 0
      for await (const chunk of source) {
        bytes += chunk.length
        if (bytes > limits.bodyBytesMax) throw new OutboundFault('body-too-large', `${url.host} answers with more than ${limits.bodyBytesMax} bytes; this is no document we can use`)
        chunks.push(chunk)
      }
    }
    pipeline(response, collect, (error) => {
      if (error) return reject(error)
      const headers: Record<string, string> = {}
      for (const [name, value] of Object.entries(response.headers)) headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '')
      resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks), url: url.href })
    })
  })
}

function faultOf(error: unknown, url: URL, signal: AbortSignal): OutboundFault {
  if (error instanceof OutboundFault) return error
  if (signal.aborted && signal.reason instanceof OutboundFault) return signal.reason
  const { code } = error as { code?: unknown }
  const why = typeof code === 'string' ? code : 'connection failed'
  return new OutboundFault('unreachable', `${url.host} cannot be reached (${why}); check the host and that its server is up`, { cause: error })
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization' && name !== 'cookie'))
}

function hostOf(url: string | URL): string {
  return URL.parse(String(url))?.host ?? 'the server'
}
