import { Fault } from '@rivulet/faults'
import * as z from 'zod/mini'

/** A refusal by the server, or no answer at all (`offline`, `answer-unreadable`). `code` is stable; what people read is in `words/`. */
export class ApiFault extends Fault {
  /** HTTP status, 0 without an answer. */
  readonly status: number
  /** When the server says so: how long to wait before the next attempt. */
  readonly retryAfterMs: number | undefined

  constructor(code: string, message: string, answer: { readonly status: number; readonly retryAfterMs?: number | undefined }) {
    super(code, message)
    this.status = answer.status
    this.retryAfterMs = answer.retryAfterMs
  }
}

const requestTimeoutMs = 15_000

/** Our services answer `{error: {code, message}}`, the sign-in library `{code, message}` with codes in capitals. */
const errorSchema = z.object({
  error: z.optional(z.object({ code: z.string(), message: z.string() })),
  code: z.optional(z.string()),
  message: z.optional(z.string()),
})

export interface ApiRequest<T> {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  /** Instead of a body in JSON. */
  readonly xml?: string
  readonly csv?: string
  /** Shape of the answer. */
  readonly answer: z.ZodMiniType<T>
}

/** Calls the entrance's own server, with the session cookie. Throws ApiFault and nothing else. */
export async function callApi<T>(path: string, request: ApiRequest<T>): Promise<T> {
  const response = await send(path, request)
  const body = await readJson(response)
  if (!response.ok) throw faultOf(response, body)
  const parsed = z.safeParse(request.answer, body)
  if (!parsed.success) throw new ApiFault('answer-unreadable', `${path}: ${z.prettifyError(parsed.error)}`, { status: response.status })
  return parsed.data
}

async function send(path: string, request: ApiRequest<unknown>): Promise<Response> {
  const init: RequestInit = { method: request.method ?? 'GET', credentials: 'same-origin', signal: AbortSignal.timeout(requestTimeoutMs) }
  // Whoever reads the page in a language is written to in it.
  const headers: Record<string, string> = { 'accept-language': document.documentElement.lang }
  if (request.body !== undefined) {
    init.body = JSON.stringify(request.body)
    headers['content-type'] = 'application/json'
  }
  if (request.xml !== undefined) {
    init.body = request.xml
    headers['content-type'] = 'application/xml'
  }
  if (request.csv !== undefined) {
    init.body = request.csv
    headers['content-type'] = 'text/csv'
  }
  init.headers = headers
  try {
    return await fetch(path, init)
  } catch (error) {
    throw new ApiFault('offline', String(error), { status: 0 })
  }
}

/** An empty answer, as of a DELETE, reads as null; one that is no JSON, as of a proxy, too. */
async function readJson(response: Response): Promise<unknown> {
  try {
    const text = await response.text()
    return text === '' ? null : (JSON.parse(text) as unknown)
  } catch {
    return null
  }
}

function faultOf(response: Response, body: unknown): ApiFault {
  const parsed = z.safeParse(errorSchema, body)
  const error = parsed.success ? parsed.data : {}
  const fallback = response.status === 429 ? 'rate-limited' : response.status === 401 ? 'signed-out' : 'server-error'
  const code = response.status === 429 ? fallback : (error.error?.code ?? error.code?.toLowerCase().replaceAll('_', '-') ?? fallback)
  const waitS = Number(response.headers.get('retry-after') ?? response.headers.get('x-retry-after') ?? Number.NaN)
  return new ApiFault(code, error.error?.message ?? error.message ?? response.statusText, {
    status: response.status,
    retryAfterMs: Number.isFinite(waitS) ? waitS * 1_000 : undefined,
  })
}

/** For answers whose body does not matter. */
export const anyAnswer = z.unknown()
