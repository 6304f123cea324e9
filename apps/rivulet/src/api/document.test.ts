import { describe, expect, test } from 'vitest'
import { apiDocument } from './document.ts'
import { documented } from './documented.ts'

interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: { readonly required?: readonly string[] } }>> }
  readonly responses: Readonly<Record<string, object>>
}
interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

const document = (role: keyof typeof documented): Document => apiDocument(role, 'https://door.example') as Document

describe.each(['wallet', 'receiver', 'operator'] as const)('the document of the %s', (role) => {
  const { openapi, servers, tags, paths, components } = document(role)
  const operations = Object.entries(paths).flatMap(([path, methods]) => Object.values(methods).map((operation) => ({ path, operation })))

  test('is OpenAPI 3.1: each operation has an id of its own, a section that exists, its parameters, and answers', () => {
    expect([openapi, servers]).toEqual(['3.1.0', [{ url: 'https://door.example' }]])
    const ids = operations.map(({ operation }) => operation.operationId)
    expect([new Set(ids).size, ids.length > 60]).toEqual([ids.length, true])
    for (const { path, operation } of operations) {
      expect(tags.map(({ name }) => name)).toContain(operation.tags[0])
      expect([path, ...(operation.parameters ?? []).filter((one) => one.in === 'path').map(({ name }) => name)]).toEqual([path, ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)])
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['2XX', '429']))
    }
  })

  test('refers only to what it defines, and no schema is left out', () => {
    const text = JSON.stringify(paths)
    const names = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name))
    expect([...names]).toEqual(Object.keys(components.schemas))
    const described = Object.values(documented[role]).flatMap((section) => Object.values(section)).filter(({ body }) => body !== undefined).length
    expect(operations.filter(({ operation }) => operation.requestBody?.content['application/json']?.schema !== undefined)).toHaveLength(described)
  })
})

test('a body says what the route asks for', () => {
  expect(document('wallet').paths['/api/tips']?.['post']?.requestBody?.content['application/json']?.schema?.required).toEqual(['to', 'amount', 'key'])
})
