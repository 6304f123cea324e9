/** Receivers that reject, answer late or never, lie, or cut the link: whatever they do, the subscriber pays what the receiver's books were credited, to the unit. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ErrorCode, isFulfill, reject, type Reply } from '@rivulet/ilp'
import type { Ledger } from '@rivulet/ledger'
import { type Frame, FrameType, type StreamPacket } from '@rivulet/stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balanceOf, guestLedger, verified } from './support/books.ts'
import { type Fate, Meddler, type Meddling } from './support/meddler.ts'
import { askForStream } from './support/control.ts'
import { freeBasePort } from './support/ports.ts'
import { Server } from './support/product.ts'
import { sandboxFolder } from './support/shared-folder.ts'

const budget = 5_000_000_000n
const never = new Promise<never>(() => undefined)

/** The real answer with a real preimage, but another STREAM packet inside. */
const lie =
  (twist: (answer: StreamPacket) => StreamPacket): Fate =>
  async ({ forward, keys }: Meddling): Promise<Reply> => {
    const reply = await forward()
    return isFulfill(reply) ? { ...reply, data: keys.seal(twist(keys.open(reply.data))) } : reply
  }

const saying = (...frames: Frame[]): Fate => lie((answer) => ({ ...answer, frames: [...answer.frames, ...frames] }))

let cuts = 0
const fates = {
  honest: ({ forward }) => forward(),
  refuses: () => Promise.resolve(reject(ErrorCode.applicationError, 'test.hop', 'go away')),
  busy: () => Promise.resolve(reject(ErrorCode.connectorBusy, 'test.hop', 'later')),
  lost: () => Promise.resolve(reject(ErrorCode.unreachable, 'test.hop', 'no route')),
  late: async ({ forward }) => {
    const reply = await forward()
    await wait(2_500)
    return reply
  },
  swallows: () => never,
  silent: ({ forward }) => forward().then(() => never),
  'claims-less': lie((answer) => ({ ...answer, amount: answer.amount - 1n })),
  'claims-more': lie((answer) => ({ ...answer, amount: answer.amount * 10n })),
  'wrong-sequence': lie((answer) => ({ ...answer, sequence: answer.sequence + 1 })),
  'wrong-kind': lie((answer) => ({ ...answer, type: 14 })),
  garbage: async ({ forward }) => {
    const reply = await forward()
    return isFulfill(reply) ? { ...reply, data: Buffer.alloc(60, 7) } : reply
  },
  'wrong-preimage': async ({ forward }) => {
    const reply = await forward()
    return isFulfill(reply) ? { ...reply, fulfillment: Buffer.alloc(32, 7) } : reply
  },
  closes: saying({ type: FrameType.connectionClose, errorCode: 1, errorMessage: 'we are done' }),
  full: saying({ type: FrameType.streamMaxMoney, streamId: 1, receiveMax: 0n, totalReceived: 0n }),
  cuts: async ({ forward, cut }) => {
    const reply = await forward()
    if ((cuts += 1) !== 2) return reply
    cut()
    return never
  },
} satisfies Record<string, Fate>

const resources = new AsyncDisposableStack()
let folder: string
let environment: NodeJS.ProcessEnv
let meddler: Meddler
let ledger: Ledger
/** All at once; each test waits for its own. */
const streams = new Map<keyof typeof fates, Promise<Outcome>>()

beforeAll(async () => {
  folder = resources.use(await sandboxFolder()).path
  const port = await freeBasePort()
  environment = { RIVULET_LEASE_SECONDS: '30', RIVULET_LOG: 'error' }
  const roles = ['--data', folder, '--port', String(port)]
  resources.use(await Server.start(['receiver', ...roles], environment))
  const secrets = JSON.parse(readFileSync(join(folder, 'secrets.json'), 'utf8')) as { peer: string }
  meddler = resources.use(await Meddler.open({ receiver: `http://localhost:${port + 1}`, payee: 'mara', token: secrets.peer, fates }))
  resources.use(await Server.start(['wallet', ...roles], { ...environment, RIVULET_BTP_URL: meddler.btpUrl }))
  ledger = resources.use(await guestLedger({ folder })).ledger
  for (const fate of Object.keys(fates) as (keyof typeof fates)[]) {
    if (fate === 'cuts') continue
    const running = stream(fate, 3)
    running.catch(() => undefined)
    streams.set(fate, running)
  }
})
afterAll(() => resources.disposeAsync())

interface Outcome {
  readonly status: number
  /** Of the summary, or else of the last second. */
  readonly reason: string | undefined
  readonly sent: bigint
  /** Packets that were paid. */
  readonly fulfilled: number
}

/** As `rivulet stream` asks for it. */
async function stream(fate: keyof typeof fates, seconds: number): Promise<Outcome> {
  const response = await askForStream(folder, { as: 'alice', pointer: `${meddler.url}/${fate}`, seconds })
  const text = await response.text()
  const lines = text.trimEnd().split('\n').map((line) => JSON.parse(line) as { reason?: string; sent?: { value: string }; fulfilled: number })
  const summary = lines.at(-1)
  if (summary?.sent === undefined) throw new Error(`no summary: ${text}`)
  return { status: response.status, reason: summary.reason ?? lines.at(-2)?.reason, sent: BigInt(summary.sent.value), fulfilled: summary.fulfilled }
}

async function credited(fate: keyof typeof fates): Promise<bigint> {
  const totals = (meddler.destinations.get(fate) ?? []).map((destination) => ledger.receiving.totalOf(createHash('sha256').update(destination).digest()))
  return (await Promise.all(totals)).reduce((sum, amount) => sum + amount, 0n)
}

describe('a receiver that', () => {
  test('keeps its word is paid', async () => {
    const outcome = await streams.get('honest')
    expect(outcome).toMatchObject({ status: 200, reason: undefined })
    expect(outcome?.sent).toBeGreaterThan(0n)
    expect(await credited('honest')).toBe(outcome?.sent)
  })

  test.each([
    ['refuses every packet', 'refuses', 'receiver-refused'],
    ['is always busy', 'busy', undefined],
    ['cannot be reached', 'lost', 'receiver-unreachable'],
    ['swallows packets', 'swallows', undefined],
  ] as const)('%s gets nothing', async (_what, fate, reason) => {
    expect(await streams.get(fate)).toEqual({ status: 200, reason, sent: 0n, fulfilled: 0 })
    expect(await credited(fate)).toBe(0n)
  })

  test.each([
    ['claims to have got less', 'claims-less', 'receiver-misbehaved'],
    ['answers with another sequence', 'wrong-sequence', 'receiver-misbehaved'],
    ['answers with a packet of another kind', 'wrong-kind', 'receiver-misbehaved'],
    ['answers with garbage', 'garbage', 'receiver-misbehaved'],
  ] as const)('%s is paid the packet that it took, and no second one', async (_what, fate, reason) => {
    const outcome = await streams.get(fate)
    expect(outcome).toMatchObject({ status: 200, reason, fulfilled: 1 })
    expect(outcome?.sent).toBeGreaterThan(0n)
    expect(await credited(fate)).toBe(outcome?.sent)
  })

  test.each([
    ['claims to have got more', 'claims-more', undefined],
    ['closes the connection', 'closes', 'receiver-unreachable'],
    ['takes no more', 'full', undefined],
    ['answers late', 'late', undefined],
  ] as const)('%s is paid what it took', async (_what, fate, reason) => {
    const outcome = await streams.get(fate)
    expect(outcome).toMatchObject({ status: 200, reason })
    expect(outcome?.sent).toBeGreaterThan(0n)
    expect(await credited(fate)).toBe(outcome?.sent)
  })

  test('sends a preimage that is none is never believed, and never paid twice', async () => {
    expect(await streams.get('wrong-preimage')).toMatchObject({ status: 200, sent: 0n })
    // The books of the receiver are ours: what it credited is paid, whatever the answer on the way was.
    expect(await credited('wrong-preimage')).toBeGreaterThan(0n)
  })

  test('takes packets and never answers is paid what it took, once that is known', async () => {
    expect(await streams.get('silent')).toMatchObject({ status: 200, sent: 0n })
    expect(await credited('silent')).toBeGreaterThan(0n)
  })
})

test('a receiver that cuts the link in mid-packet is paid what it took, and goes on being paid over the next connection', async () => {
  const { status, sent } = await stream('cuts', 8)
  expect(status).toBe(200)
  expect(cuts).toBeGreaterThan(2)
  expect(sent).toBeLessThan(await credited('cuts'))
})

test('afterwards the subscriber has paid what the publisher got, to the unit, and nothing is held', async () => {
  await expect.poll(async () => (await balanceOf('alice', folder, environment)).pending, { timeout: 120_000, interval: 1_000 }).toBe('0')
  const [alice, mara] = [await balanceOf('alice', folder, environment), await balanceOf('mara', folder, environment)]
  expect(budget - BigInt(alice.posted)).toBe(BigInt(mara.posted) + BigInt(mara.accrued))
  const all = await Promise.all((Object.keys(fates) as (keyof typeof fates)[]).map(credited))
  expect(BigInt(mara.posted) + BigInt(mara.accrued)).toBe(all.reduce((sum, amount) => sum + amount, 0n))
  expect(await verified(folder, environment)).toMatchObject({ ok: true, problems: [], streamsOpen: 0, streamsInDoubt: 0 })
})
