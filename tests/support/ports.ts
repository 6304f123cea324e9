import { once } from 'node:events'
import { createServer } from 'node:net'

const baseMin = 20_000
const baseMax = 30_000
/** Each worker of a run has a part of the range to itself: what one finds free, no other takes before it listens. */
const workersMax = 8
const worker = Number(process.env['VITEST_POOL_ID'] ?? 1) % workersMax
const bases = (baseMax - baseMin) / 10 / workersMax
const given = new Set<number>()

/** A number such that it and the next nine ports are free on the loopback now, and were not given out before. */
export async function freeBasePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const base = baseMin + 10 * (worker * bases + Math.floor(Math.random() * bases))
    if (given.has(base)) continue
    given.add(base)
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
