import { describe, expect, test } from 'vitest'
import { type ApiDocument, limitsOf, operationsOf, resolved, typeOf } from './openapi.ts'

const operation = { operationId: 'postApiTips', summary: 'Pays once', tags: ['Tips'], security: [], responses: {} }
const document: ApiDocument = {
  info: { title: 'A', version: '1', description: '' }, servers: [], tags: [{ name: 'Tips' }],
  paths: { '/api/tips': { post: operation, get: { ...operation, operationId: 'getApiTips', summary: 'Lists tips' } }, '/api/plans': { get: { ...operation, operationId: 'getApiPlans', tags: ['Plans'] } } },
  components: { schemas: { Fault: { type: 'object', properties: { code: { type: 'string' } } } } },
}

test('operations are found in their section by method, path and summary', () => {
  expect(operationsOf(document, 'Tips', '').map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /api/tips', 'GET /api/tips'])
  expect(operationsOf(document, 'Tips', ' LISTS ').map(({ operationId }) => operationId)).toEqual(['getApiTips'])
  expect(operationsOf(document, 'Tips', 'plans')).toEqual([])
})

describe('a schema', () => {
  test.each([
    [{ type: 'string' }, 'string'],
    [{ enum: ['a', 2] }, '"a" | 2'],
    [{ const: 'time' }, '"time"'],
    [{ type: 'array', items: { $ref: '#/components/schemas/Fault' } }, 'array of object'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'string | null'],
    [{ type: ['string', 'null'] }, 'string | null'],
    [{}, 'any'],
  ] as const)('%j reads as %s', (given, expected) => expect(typeOf(given, document)).toBe(expected))

  test('says its limits, but not those of JavaScript’s numbers', () => {
    expect(limitsOf({ type: 'string', minLength: 1, maxLength: 40 })).toEqual(['1–40 characters'])
    expect(limitsOf({ type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: 50 })).toEqual(['1–', 'default 50'])
    expect(limitsOf({ format: 'date', pattern: '^x$' })).toEqual(['date'])
  })

  test('is found where it is referred to', () => expect(resolved({ $ref: '#/components/schemas/Fault' }, document)).toEqual({ type: 'object', properties: { code: { type: 'string' } } }))
})
