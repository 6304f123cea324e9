import { Fault } from '@rivulet/faults'
import { ildcpRequest, isFulfill, type Link, readIldcpFulfill } from '@rivulet/ilp'
import type { Asset } from '@rivulet/money'
import type { Clock } from '@rivulet/time'

const answerMsMax = 10_000

/** Asks the peer for our address below it and the asset of the link (RFC 31). Throws Fault `ildcp-refused`, PacketFault, LinkFault. */
export async function fetchIldcp(link: Link, clock: Clock): Promise<{ readonly address: string; readonly asset: Asset }> {
  const reply = await link.send(ildcpRequest(clock.nowMs() + answerMsMax))
  if (!isFulfill(reply)) throw new Fault('ildcp-refused', `the peer gives no address: ${reply.code} ${reply.message}`)
  const { clientAddress, assetCode, assetScale } = readIldcpFulfill(reply)
  return { address: clientAddress, asset: { code: assetCode, scale: assetScale } }
}
