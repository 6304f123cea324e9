/** For tests: what the API reference says of an answer. */
import type { z } from 'zod'

/** Throws where an answer that was given is not as described; a route that describes none says nothing. */
export function requireDescribed(api: Readonly<Record<string, { readonly summary: string; readonly answer?: z.ZodType }>>, { method, path, status, body }: { readonly method: string; readonly path: string; readonly status: number; readonly body: unknown }): void {
  if (status !== 200 && status !== 201) return
  const { pathname } = new URL(path, 'https://wallet.example')
  const route = Object.entries(api).find(([row]) => new RegExp(`^${row.replaceAll(/:\w+/g, '[^/]+')}$`).test(`${method} ${pathname}`))
  route?.[1].answer?.parse(body)
}
