/** The API of a door as an OpenAPI 3.1 document, made of the schemas with which its routes check what they are sent. */
import { Router } from 'express'
import { z } from 'zod'
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi'
import type { RoleName } from '../config.ts'
import { version } from '../version.ts'
import { type Described, documented, type Section } from './documented.ts'

const titles: Readonly<Record<RoleName, string>> = { wallet: 'Rivulet: the wallet', receiver: 'Rivulet: publishers', operator: 'Rivulet: operators' }
const about = 'Amounts are whole units in decimal strings beside `assetCode` and `assetScale`; times are milliseconds since 1970 where a name ends in `Ms`, days are UTC. What changes something needs the `Origin` of this door. A refusal has a stable `code`, and a `message` that says what to change.'
const faultSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) }).meta({ id: 'Fault', description: 'A refusal.' })

/** As JSON. @param url public URL of the door */
export function apiDocument(role: RoleName, url: string): object {
  return createDocument(
    {
      openapi: '3.1.0',
      info: { title: titles[role], version, description: about },
      servers: [{ url }],
      tags: Object.keys(documented[role]).map((name) => ({ name })),
      paths: pathsOf(documented[role]),
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: `rivulet-${role}.session_token`, description: 'Signing in at this door sets it.' },
          ...(role === 'receiver' && { apiKey: { type: 'http' as const, scheme: 'bearer', description: 'A key of the page “API keys”, with the scope that a route names. It reads, and changes nothing.' } }),
          signature: { type: 'http', scheme: 'signature', description: 'As Open Payments: HTTP message signatures (RFC 9421), with a token in `Authorization: GNAP` where a grant is used. Providers and peers have tokens or signatures of their own.' },
        },
      },
    },
    // What no schema of JSON can say is said by the refusal.
    {
      override({ zodSchema, jsonSchema }) {
        const { type } = zodSchema._zod.def
        if (type === 'custom') jsonSchema.type = 'string'
        if (type === 'undefined') jsonSchema.not = {}
      },
      allowEmptySchema: { custom: true, undefined: true, transform: true, unknown: true },
    },
  )
}

/** `GET /api/openapi.json`. Made when it is first asked for. */
export function apiRoutes(role: RoleName, url: string): Router {
  let made: object | undefined
  return Router().get('/api/openapi.json', (_request, response) => void response.set('Cache-Control', 'no-cache').json((made ??= apiDocument(role, url))))
}

function pathsOf(sections: Readonly<Record<string, Section>>): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {}
  for (const [tag, section] of Object.entries(sections)) {
    for (const [route, described] of Object.entries(section)) {
      const [method = '', path = ''] = route.split(' ')
      ;(paths[path.replaceAll(/:(\w+)/g, '{$1}')] ??= {})[method.toLowerCase()] = operationOf(route, described, tag)
    }
  }
  return paths
}

function operationOf(route: string, { summary, body, query, takes, answer, type = 'application/json', open = false, signed = false, scope }: Described, tag: string): ZodOpenApiOperationObject {
  const [method = '', path = ''] = route.split(' ')
  const parameters = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => [name, z.string()] as const)
  const sent = body !== undefined ? { 'application/json': { schema: body } } : takes === undefined ? undefined : { [takes]: {} }
  const refusal = (description: string) => ({ description, content: { 'application/json': { schema: faultSchema } } })
  return {
    operationId: `${method.toLowerCase()}${path.replaceAll(/[^a-zA-Z0-9]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`,
    tags: [tag],
    summary,
    security: open ? [] : signed ? [{ signature: [] }] : [{ session: [] }, ...(scope === undefined ? [] : [{ apiKey: [scope] }])],
    ...((parameters.length > 0 || query !== undefined) && { requestParams: { ...(parameters.length > 0 && { path: z.object(Object.fromEntries(parameters)) }), ...(query !== undefined && { query: query as z.ZodObject }) } }),
    ...(sent !== undefined && { requestBody: { required: true, content: sent } }),
    responses: {
      '2XX': { description: 'Done.', content: { [type]: answer === undefined ? {} : { schema: answer } } },
      ...((body !== undefined || query !== undefined) && { '400': refusal('Something sent is not as it must be; the message names it.') }),
      ...(!open && { '401': refusal(signed ? 'No valid signature or token.' : 'Nobody is signed in.') }),
      ...(method !== 'GET' && !open && { '403': refusal('From a page of another origin, or not allowed.') }),
      ...(parameters.length > 0 && { '404': refusal('There is no such thing, or it is somebody else’s.') }),
      '429': refusal('Too often: `Retry-After` says when.'),
    },
  }
}
