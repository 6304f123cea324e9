import { Fault } from '@rivulet/faults'
import { GnapFault, type GnapFaultCode } from '@rivulet/gnap'
import type { Refusal } from '../answer-faults.ts'

/** The error codes of the Open Payments auth server (OpenAPI 1.3.0), and those of its pages. */
export type AuthFaultCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_continuation'
  | 'invalid_rotation'
  | 'invalid_interaction'
  | 'unknown_interaction'
  | 'request_denied'
  | 'too_fast'

/** A refusal of the auth server, answered as `{error: {code, description}}`. */
export class AuthFault extends Fault<AuthFaultCode> {
  readonly status: number

  constructor(status: number, code: AuthFaultCode, description: string, options?: ErrorOptions) {
    super(code, description, options)
    this.status = status
  }
}

const answers: Readonly<Record<GnapFaultCode, readonly [status: number, code: AuthFaultCode]>> = {
  'grant-unknown': [404, 'invalid_continuation'],
  'reference-wrong': [404, 'invalid_continuation'],
  'reference-missing': [401, 'request_denied'],
  'grant-not-accepted': [401, 'request_denied'],
  'grant-issued': [401, 'request_denied'],
  'grant-decided': [401, 'request_denied'],
  'grant-ended': [401, 'request_denied'],
  'too-fast': [400, 'too_fast'],
  'token-unknown': [404, 'invalid_rotation'],
  'interaction-unknown': [404, 'unknown_interaction'],
  'interaction-foreign': [401, 'invalid_interaction'],
  'interval-invalid': [400, 'invalid_request'],
}

export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof AuthFault) return { status: error.status, code: error.code, description: error.message }
  if (!(error instanceof GnapFault)) return undefined
  const [status, code] = answers[error.code]
  return { status, code, description: error.message }
}
