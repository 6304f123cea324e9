import { messageOf } from '@rivulet/faults'
import type { OutboundAnswer } from '@rivulet/outbound'
import type { z } from 'zod'
import { ResolverFault } from './fault.ts'

/** The JSON of an answer, as `schema` has it. Throws `answer-invalid`, naming the field that is wrong and nothing that is secret. */
export function answerAs<T>(schema: z.ZodType<T>, { body, url }: OutboundAnswer): T {
  let given: unknown
  try {
    given = JSON.parse(body.toString('utf8'))
  } catch (error) {
    throw new ResolverFault('answer-invalid', `${url} answers with what is not JSON: ${messageOf(error)}`, { cause: error })
  }
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ResolverFault('answer-invalid', `${url} gives payment details that cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}; its wallet must correct them`)
}
