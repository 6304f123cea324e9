/** The way into the resource server: a GNAP token (RFC 9635, section 7), bound to the client's key by a signature, that allows the action. */
import { type Access, type AccessAction, type AccessType, type ActiveToken, allows, type Gnap } from '@rivulet/gnap'
import { SignatureFault } from '@rivulet/http-signature'
import type { Clock } from '@rivulet/time'
import type { Request, RequestHandler, Response } from 'express'
import { OpenPaymentsFault } from '../fault.ts'
import { checkSignature, type ClientKeys, jsonOf, rawBody, signedRequestOf } from './signed-request.ts'

export interface SignedOptions {
  /** Origin under which clients reach this server; its auth server is `/auth` below. */
  readonly publicUrl: string
  readonly gnap: Pick<Gnap, 'introspect'>
  readonly clientKeys: ClientKeys
  readonly clock: Clock
}

/** What let a request in. */
export interface Granted {
  readonly token: ActiveToken
  /** The rights of the token that allow the action, at least one. */
  readonly access: readonly [Access, ...Access[]]
  readonly action: AccessAction
}

const tokenCharactersMax = 200

/**
 * Makes the handler that lets pass who may take an action. It must come before any other reader of the body; after it `request.body` is the parsed JSON and
 * `grantOf(response)` knows what let the request in. Throws OpenPaymentsFault: 401 `Invalid Token` or `Signature validation error: …`, 403 `Inactive Token`
 * or `Insufficient Grant`, 400.
 */
export function requireToken({ publicUrl, gnap, clientKeys, clock }: SignedOptions): (type: AccessType, action: AccessAction) => RequestHandler[] {
  const check = async (type: AccessType, action: AccessAction, { request, response }: { readonly request: Request; readonly response: Response }): Promise<void> => {
    response.set('WWW-Authenticate', `GNAP as_uri=${publicUrl}/auth`)
    const value = tokenOf(request)
    if (value === undefined) throw new OpenPaymentsFault(401, 'Missing or invalid authorization header value')
    const token = await gnap.introspect(value)
    if (token === undefined) throw new OpenPaymentsFault(401, 'Invalid Token')
    if (token === 'inactive') throw new OpenPaymentsFault(403, 'Inactive Token')
    await checkSigner(request, token)
    const access = token.access.filter((one) => allows(one, type, action))
    const [first, ...others] = access
    if (first === undefined) throw new OpenPaymentsFault(403, 'Insufficient Grant')
    response.removeHeader('WWW-Authenticate')
    request.body = parsed(request)
    const granted: Granted = { token, access: [first, ...others], action }
    response.locals['granted'] = granted
  }

  const checkSigner = async (request: Request, token: ActiveToken): Promise<void> => {
    try {
      const missing = await checkSignature(signedRequestOf(request, publicUrl), token, { clientKeys, nowMs: clock.nowMs() })
      if (missing !== undefined) throw new OpenPaymentsFault(401, 'Signature validation error: could not find key in list of client keys')
    } catch (error) {
      if (error instanceof SignatureFault) throw new OpenPaymentsFault(401, `Signature validation error: ${error.message}`, { cause: error })
      throw error
    }
  }

  return (type, action) => [
    rawBody,
    async (request, response, next) => {
      await check(type, action, { request, response })
      next()
    },
  ]
}

/** What `requireToken` let in. */
export function grantOf(response: Response): Granted {
  return response.locals['granted'] as Granted
}

/** The right that reaches a wallet address, and whether it reaches what other clients made there. Throws OpenPaymentsFault 403 `Insufficient Grant`. */
export function accessTo({ access, action }: Granted, walletAddress: string): { readonly access: Access; readonly all: boolean } {
  const reaching = access.filter((one) => !('identifier' in one) || one.identifier === undefined || one.identifier === walletAddress)
  const actionsOf = (one: Access): readonly AccessAction[] => one.actions
  const all = reaching.find((one) => actionsOf(one).some((granted) => granted === `${action}-all`))
  const found = all ?? reaching[0]
  if (found === undefined) throw new OpenPaymentsFault(403, 'Insufficient Grant')
  return { access: found, all: all !== undefined }
}

/** The value of `Authorization: GNAP …`. */
export function tokenOf(request: Request): string | undefined {
  const match = /^GNAP ([\x21-\x7e]+)$/i.exec(request.headers.authorization ?? '')
  return match?.[1] !== undefined && match[1].length <= tokenCharactersMax ? match[1] : undefined
}

function parsed(request: Request): unknown {
  try {
    return jsonOf(request)
  } catch (cause) {
    throw new OpenPaymentsFault(400, 'the body is no JSON', { cause })
  }
}
