/** The API of this entrance as its server describes it (OpenAPI 3.1), as far as it is shown. */
import * as z from 'zod/mini'
import { callApi } from '../api.ts'

/** JSON Schema 2020-12, as far as our documents use it. */
export interface Schema {
  readonly $ref?: string | undefined
  readonly type?: string | readonly string[] | undefined
  readonly description?: string | undefined
  readonly enum?: readonly unknown[] | undefined
  readonly const?: unknown
  readonly default?: unknown
  readonly format?: string | undefined
  readonly pattern?: string | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly minimum?: number | undefined
  readonly maximum?: number | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly required?: readonly string[] | undefined
  readonly items?: Schema | undefined
  readonly anyOf?: readonly Schema[] | undefined
  readonly oneOf?: readonly Schema[] | undefined
}

const schema = z.custom<Schema>((value) => typeof value === 'object' && value !== null)
const content = z.record(z.string(), z.object({ schema: z.optional(schema) }))
const operationSchema = z.object({
  operationId: z.string(),
  summary: z.string(),
  tags: z.array(z.string()),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.optional(z.array(z.object({ name: z.string(), in: z.string(), required: z.optional(z.boolean()), schema: z.optional(schema) }))),
  requestBody: z.optional(z.object({ content })),
  responses: z.record(z.string(), z.object({ description: z.string(), content: z.optional(content) })),
})
const documentSchema = z.object({
  info: z.object({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.object({ url: z.string() })),
  tags: z.array(z.object({ name: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operationSchema)),
  components: z.object({ schemas: z.optional(z.record(z.string(), schema)) }),
})

export type ApiDocument = z.infer<typeof documentSchema>

export interface Operation extends z.infer<typeof operationSchema> {
  /** In capitals. */
  readonly method: string
  readonly path: string
}

/** Throws ApiFault. */
export async function loadDocument(): Promise<ApiDocument> {
  return await callApi('/api/openapi.json', { answer: documentSchema })
}

/** The operations of a section whose method, path or summary holds the text. */
export function operationsOf(document: ApiDocument, tag: string, text: string): readonly Operation[] {
  const wanted = text.trim().toLowerCase()
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path }))
      .filter((operation) => operation.tags.includes(tag) && `${operation.method} ${operation.path} ${operation.summary}`.toLowerCase().includes(wanted)),
  )
}

/** What a reference points to. */
export function resolved(given: Schema, document: ApiDocument): Schema {
  const name = given.$ref?.replace('#/components/schemas/', '')
  return name === undefined ? given : (document.components.schemas?.[name] ?? given)
}

/** A type as one reads it: `string`, `array of object`, `"time" | "equal"`. */
export function typeOf(given: Schema, document: ApiDocument): string {
  const one = resolved(given, document)
  if (one.const !== undefined) return JSON.stringify(one.const)
  if (one.enum !== undefined) return one.enum.map((value) => JSON.stringify(value)).join(' | ')
  const choices = one.anyOf ?? one.oneOf
  if (choices !== undefined) return [...new Set(choices.map((choice) => typeOf(choice, document)))].join(' | ')
  if (one.items !== undefined) return `array of ${typeOf(one.items, document)}`
  return typeof one.type === 'string' ? one.type : (one.type?.join(' | ') ?? 'any')
}

/** What holds beyond the type, in the words of JSON Schema. */
export function limitsOf({ minLength, maxLength, minimum, maximum, minItems, maxItems, pattern, format, default: standard }: Schema): readonly string[] {
  // Integers beyond what JavaScript counts are no limit but the type's own.
  const safe = (value: number | undefined): number | undefined => (value === undefined || Math.abs(value) >= Number.MAX_SAFE_INTEGER ? undefined : value)
  const range = (least: number | undefined, most: number | undefined, unit: string): string[] => (least === undefined && most === undefined ? [] : [`${least ?? ''}–${most ?? ''} ${unit}`.trim()])
  return [...range(minLength, maxLength, 'characters'), ...range(safe(minimum), safe(maximum), ''), ...range(minItems, maxItems, 'items'), ...(format === undefined ? [] : [format]), ...(pattern === undefined || format !== undefined ? [] : [pattern]), ...(standard === undefined ? [] : [`default ${JSON.stringify(standard)}`])]
}
