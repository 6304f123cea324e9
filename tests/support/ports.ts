import { once } from 'node:events'
import { createServer } from 'node:net'

const baseMin = 20_000
const baseMax = 30_000

/** A number such that it and the next nine ports are free on the loopback now. */
export async function freeBasePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const base = baseMin + 10 * Math.floor((Math.random() * (baseMax - baseMin)) / 10)
    if ((await Promise.all(Array.from({ length: 10 }, (_, offset) => isFree(base + offset)))).every(Boolean)) return base
  }
  throw new Error('no ten free ports in a row')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}
