import * as z from 'zod/mini'
import { ApiFault, callApi } from '../../api.ts'
import { personSchema } from '../../session/session.ts'
import { units } from '../units.ts'

const startSchema = z.object({
  person: personSchema,
  pointers: z.array(z.object({ id: z.string(), url: z.string(), publicName: z.string(), main: z.boolean(), assetCode: z.string(), assetScale: z.number() })),
  walletUrl: z.string(),
  testStream: z.nullable(z.object({ seconds: z.number() })),
})
export type Start = z.infer<typeof startSchema>
export type Pointer = Start['pointers'][number]

const tagTestSchema = z.object({
  page: z.nullable(z.string()),
  ok: z.boolean(),
  findings: z.array(z.object({ weight: z.enum(['wrong', 'note', 'good']), code: z.string(), detail: z.string() })),
})
export type TagTest = z.infer<typeof tagTestSchema>

const lineSchema = z.object({ second: z.number(), sent: units, fulfilled: z.number(), rejected: z.number() })
export type TestStreamLine = z.infer<typeof lineSchema>
const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** Throws ApiFault, as all of these. */
export async function loadStart(): Promise<Start> {
  return await callApi('/api/start', { answer: startSchema })
}

export async function testPage(page: string): Promise<TagTest> {
  return await callApi('/api/tag-test', { method: 'POST', body: { page }, answer: tagTestSchema })
}

/** A real stream in the sandbox; each second is told as it happens. @param pointer its id */
export async function runTestStream(pointer: string, tell: (line: TestStreamLine) => void): Promise<void> {
  const response = await fetch('/api/test-stream', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ pointer }) }).catch((error: unknown) => {
    throw new ApiFault('offline', String(error), { status: 0 })
  })
  const status = response.status
  let rest = ''
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (let done = reader === undefined; !done; ) {
    const chunk = await reader?.read()
    done = chunk === undefined || chunk.done
    const lines = `${rest}${chunk?.value ?? ''}${done ? '\n' : ''}`.split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) if (text !== '') takeLine(text, status, tell)
  }
}

function takeLine(text: string, status: number, tell: (line: TestStreamLine) => void): void {
  const value = JSON.parse(text) as unknown
  const refusal = z.safeParse(refusalSchema, value)
  if (refusal.success) throw new ApiFault(refusal.data.error.code, refusal.data.error.message, { status })
  const line = z.safeParse(lineSchema, value)
  if (line.success) tell(line.data)
}
