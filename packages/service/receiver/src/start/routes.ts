import { type Accounts, assetParts, type Entrance, personOf, personPart } from '@rivulet/accounts'
import { Fault } from '@rivulet/faults'
import express, { Router } from 'express'
import { z } from 'zod'

/** One second of a stream to a publisher, as it happened. Amounts are units of the payer's wallet as decimal strings. */
export interface TestStreamLine {
  readonly second: number
  readonly sent: string
  readonly fulfilled: number
  readonly rejected: number
}

export interface StartRoutesOptions {
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  readonly entrance: Entrance
  readonly walletUrl: string
  /** Of the sandbox: a subscriber of it really pays the pointer for so long. Throws Fault when it cannot begin. */
  readonly testStream?: (pointer: string, seconds: number, signal: AbortSignal) => AsyncIterable<TestStreamLine>
}

const bodyBytesMax = 1_024
const testSeconds = 5
const testBody = z.strictObject({ pointer: z.string().max(100) })

/**
 * `GET /api/start`: the publisher's pointers, and what stands in snippets beside them. `POST /api/test-stream {pointer}`, with the id of one of her pointers, in the sandbox: a real stream of some seconds,
 * answered line by line (`application/x-ndjson`); a refusal is a last line `{error: {code, message}}`. Mount it behind the entrance's own handler.
 */
export function startRoutes({ accounts, entrance, walletUrl, testStream }: StartRoutesOptions): Router {
  const router = Router()
  const running = new Set<string>()
  router.get('/api/start', entrance.requireSession, async (_request, response) => {
    const { id, name, email } = personOf(response)
    const pointers = (await accounts.walletAddresses(id)).map(({ id: pointer, url, publicName, main, asset }) => ({ id: pointer, url, publicName, main, assetCode: asset.code, assetScale: asset.scale }))
    response.set('Cache-Control', 'no-store').json({ person: { name, email }, pointers, walletUrl, testStream: testStream === undefined ? null : { seconds: testSeconds } })
  })
  if (testStream === undefined) return router
  router.post('/api/test-stream', entrance.requireSameOrigin, entrance.requireSession, express.json({ limit: bodyBytesMax }), async (request, response) => {
    const { id } = personOf(response)
    const parsed = testBody.safeParse(request.body)
    const address = parsed.success ? (await accounts.walletAddresses(id)).find((one) => one.id === parsed.data.pointer) : undefined
    if (address === undefined) {
      response.status(400).json({ error: { code: 'pointer-unknown', message: 'send {"pointer": the id of one of your pointers}' } })
      return
    }
    if (running.has(id)) {
      response.status(409).json({ error: { code: 'test-stream-runs', message: 'a test stream of yours is running: wait until it has ended' } })
      return
    }
    running.add(id)
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    response.set('Cache-Control', 'no-store').type('application/x-ndjson')
    response.flushHeaders()
    try {
      for await (const line of testStream(address.url, testSeconds, gone.signal)) response.write(`${JSON.stringify(line)}\n`)
    } catch (error) {
      const refusal = error instanceof Fault ? { code: String(error.code), message: error.message } : { code: 'internal', message: 'the stream could not be made' }
      response.write(`${JSON.stringify({ error: refusal })}\n`)
    } finally {
      running.delete(id)
      response.end()
    }
  })
  return router
}

const startAnswer = z.strictObject({
  person: personPart, walletUrl: z.string(), testStream: z.strictObject({ seconds: z.int() }).nullable(),
  pointers: z.array(z.strictObject({ id: z.string(), url: z.string(), publicName: z.string(), main: z.boolean(), ...assetParts })),
})

/** What the API reference says of these routes. */
export const startApi = {
  'GET /api/start': { summary: 'What stands in snippets.', answer: startAnswer },
  'POST /api/test-stream': { summary: 'Sandbox only: a real stream of some seconds to one of the pointers, line by line.', body: testBody, type: 'application/x-ndjson' },
}
