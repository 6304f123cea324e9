/** The sandbox only: a stream from its first subscriber, made by the running wallet as for a command. */
import { Fault } from '@rivulet/faults'
import type { TestStreamLine } from '@rivulet/receiver'
import { z } from 'zod'
import type { Config } from './config.ts'
import { readRunning } from './running.ts'

const lineSchema = z.object({ second: z.number(), sent: z.string(), fulfilled: z.number(), rejected: z.number() })
const refusalSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) })

/** Throws `wallet-not-running`, and what the wallet refuses with. */
export async function* testStream(config: Config, pointer: string, seconds: number, signal: AbortSignal): AsyncGenerator<TestStreamLine> {
  const { controlUrl, firstSubscriber } = readRunning(config.dataFolder)
  const response = await fetch(`${controlUrl}/control/streams`, {
    method: 'POST',
    headers: { authorization: `Bearer ${config.secrets.control}`, 'content-type': 'application/json' },
    body: JSON.stringify({ as: firstSubscriber, pointer, seconds }),
    signal,
  }).catch((error: unknown) => {
    throw new Fault('wallet-not-running', 'the wallet of this sandbox does not answer', { cause: error })
  })
  if (!response.ok || response.body === null) {
    const { error } = refusalSchema.parse(await response.json())
    throw new Fault(error.code, error.message)
  }
  let rest = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      // The last line sums up what the lines before it say.
      const line = lineSchema.safeParse(JSON.parse(text))
      if (line.success) yield line.data
    }
  }
}
