/** The control door of a running wallet, as the commands find it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Order {
  readonly as: string
  readonly pointer: string
  readonly seconds: number
}

/** Where it listens: only this machine reaches it. */
export function controlUrlOf(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'running.json'), 'utf8')) as { controlUrl: string }).controlUrl
}

/** Asks for a stream as `rivulet stream` does. */
export function askForStream(folder: string, order: Order, signal?: AbortSignal): Promise<Response> {
  const { control } = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8')) as { control: string }
  return fetch(`${controlUrlOf(folder)}/control/streams`, {
    method: 'POST',
    headers: { authorization: `Bearer ${control}`, 'content-type': 'application/json' },
    body: JSON.stringify(order),
    ...(signal !== undefined && { signal }),
  })
}
