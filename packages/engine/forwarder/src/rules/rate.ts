import { ErrorCode, reject } from '@rivulet/ilp'
import { type Asset, multiplyFloor, type Ratio } from '@rivulet/money'
import type { Rule } from '../rule.ts'
import { packetAmountMax, tooLarge } from './size.ts'

/** Units of `to` for one unit of `from`; undefined when the two are not exchanged here. */
export type RateOf = (from: Asset, to: Asset) => Ratio | undefined

/**
 * Turns units of the incoming link into units of the outgoing one, rounded down: the next hop gets what the rate gives and never more. The sender's STREAM packet
 * names the least that it accepts, so that a bad rate is refused at the far end. What ends here keeps the units of the link it came by.
 */
export function rateRule(address: string, rateOf: RateOf): Rule {
  return (packet, next) => {
    const { prepare, from, to } = packet
    if (to?.kind !== 'peer') return next(packet)
    const { asset, limits } = to.peer
    const ratio = ratioBetween(from.asset, asset, rateOf)
    if (ratio === undefined) return Promise.resolve(reject(ErrorCode.internalError, address, `no rate from ${from.asset.code} to ${asset.code} is known here now`))
    const amount = ratio === 'same' ? prepare.amount : multiplyFloor(prepare.amount, ratio)
    const largest = limits.packetAmountMax < packetAmountMax ? limits.packetAmountMax : packetAmountMax
    if (amount > largest) {
      // The sender counts its own units: tell it the largest packet in those.
      const maximum = ratio === 'same' ? largest : multiplyFloor(largest, { numerator: ratio.denominator, denominator: ratio.numerator })
      return Promise.resolve(tooLarge(address, prepare.amount, maximum))
    }
    if (amount === 0n && prepare.amount > 0n) {
      return Promise.resolve(reject(ErrorCode.insufficientSourceAmount, address, `${prepare.amount} units are worth less than one unit of ${asset.code} at scale ${asset.scale}`))
    }
    return next(ratio === 'same' ? packet : { ...packet, prepare: { ...prepare, amount } })
  }
}

function ratioBetween(from: Asset, to: Asset, rateOf: RateOf): Ratio | 'same' | undefined {
  if (from.code !== to.code) return rateOf(from, to)
  if (from.scale === to.scale) return 'same'
  return { numerator: 10n ** BigInt(to.scale), denominator: 10n ** BigInt(from.scale) }
}
