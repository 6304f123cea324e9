/** How often one stream sends: never more than a packet a second, never a packet too small to be worth its rounding, never more than the peer can take. */
import { ceilDivide, type Ratio } from '@rivulet/money'
import type { LinkShare } from './link-share.ts'

const intervalMinMs = 1_000
/** A stream that could send only more rarely than this is refused: its lease would run out between two packets. */
export const intervalMaxMs = 30_000
/** Below it the rounding at the destination may take more than 1 % of a packet. */
const destinationUnitsMin = 100n

/** Source units that are worth the least a packet should bring, at least 1. */
export function packetUnitsMin(exchangeRate: Ratio): bigint {
  return ceilDivide(destinationUnitsMin * exchangeRate.denominator, exchangeRate.numerator)
}

/** Milliseconds in which `rate` makes `units`, rounded up. */
export function msUntil(units: bigint, rate: bigint): number {
  return Number(ceilDivide(units * 1_000n, rate))
}

/** @param packetMs in which the rate makes the least that a packet should bring */
export function intervalMs(packetMs: number, share: Pick<LinkShare, 'streams' | 'packetsPerSecondMax'>): number {
  return Math.max(intervalMinMs, packetMs, Math.ceil((share.streams * 1_000) / share.packetsPerSecondMax))
}

/** The next instant of the grid of a stream: multiples of the interval, shifted by `phase` (0 to 1) of it, and not closer than half an interval. */
export function nextTickMs(nowMs: number, interval: number, phase: number): number {
  const shift = phase * interval
  const next = (Math.floor((nowMs - shift) / interval) + 1) * interval + shift
  return next - nowMs < interval / 2 ? next + interval : next
}

/** The phases of streams opened one after the other: multiples of the golden ratio fill the interval evenly, however many there are. */
export function phaseOf(index: number): number {
  return (index * 0.6180339887498949) % 1
}

/** How long to wait after the n-th rejection in a row (from 1): doubled each time, half of it by chance, so that streams do not come back all at once. */
export function backoffMs(rejections: number, code: string, random: () => number): number {
  const first = code === 'T05' ? 4_000 : 1_000
  const full = Math.min(first * 2 ** Math.min(rejections - 1, 10), intervalMaxMs)
  return full * (0.5 + random() / 2)
}
