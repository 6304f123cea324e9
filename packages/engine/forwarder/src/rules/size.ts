import { encodeAmountTooLarge, ErrorCode, type Reject, reject } from '@rivulet/ilp'
import type { Rule } from '../rule.ts'

/** Beyond any packet that pays by the second; keeps every product of amounts far from the limits of the ledger. */
export const packetAmountMax = 10n ** 12n

/** Comes first, so that no later rule ever sees an absurd amount. F08 tells the sender the largest packet (RFC 27, 3.3.1). */
export function sizeRule(address: string): Rule {
  return (packet, next) => {
    const { amount } = packet.prepare
    return amount > packetAmountMax ? Promise.resolve(tooLarge(address, amount, packetAmountMax)) : next(packet)
  }
}

export function tooLarge(address: string, receivedAmount: bigint, maximumAmount: bigint): Reject {
  const data = encodeAmountTooLarge({ receivedAmount, maximumAmount })
  return reject(ErrorCode.amountTooLarge, address, `packet of ${receivedAmount} units, at most ${maximumAmount} are taken; send smaller packets`, data)
}
