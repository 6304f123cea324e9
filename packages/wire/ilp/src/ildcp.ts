/** Interledger Dynamic Configuration (RFC 31): a child asks its parent for its address and asset with a Prepare to `peer.config`. */
import { isAddress } from './address.ts'
import { PacketFault } from './fault.ts'
import { OctetReader, OctetWriter } from './octets.ts'
import { type Fulfill, PacketType, type Prepare } from './packet.ts'

const ildcpDestination = 'peer.config'
const fulfillment = Buffer.alloc(32)
/** SHA-256 of 32 zero bytes, which both sides know. */
const condition = Buffer.from('66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925', 'hex')
const responseBytesMax = 1_300

export interface IldcpResponse {
  readonly clientAddress: string
  readonly assetScale: number
  readonly assetCode: string
}

/** @param expiresAtMs ms since 1970 */
export function ildcpRequest(expiresAtMs: number): Prepare {
  return { amount: 0n, expiresAtMs, condition, destination: ildcpDestination, data: Buffer.alloc(0) }
}

export function isIldcpRequest(prepare: Prepare): boolean {
  return prepare.destination === ildcpDestination
}

/** Throws PacketFault `packet-malformed` when the address is none or the scale no byte. */
export function ildcpFulfill(response: IldcpResponse): Fulfill {
  if (!isAddress(response.clientAddress)) throw new PacketFault(`not an ILP address: ${JSON.stringify(response.clientAddress.slice(0, 80))}`)
  const data = new OctetWriter(Buffer.alloc(responseBytesMax)).varAscii(response.clientAddress).uint8(response.assetScale).varUtf8(response.assetCode).copy()
  return { type: PacketType.fulfill, fulfillment, data }
}

/** Reads what the parent answered. Throws PacketFault `packet-malformed`. */
export function readIldcpFulfill(fulfill: Fulfill): IldcpResponse {
  if (!fulfill.fulfillment.equals(fulfillment)) throw new PacketFault('an ILDCP response is fulfilled with 32 zero bytes')
  const reader = new OctetReader(fulfill.data)
  const clientAddress = reader.varAscii()
  if (!isAddress(clientAddress)) throw new PacketFault(`not an ILP address: ${JSON.stringify(clientAddress.slice(0, 80))}`)
  return { clientAddress, assetScale: reader.uint8(), assetCode: reader.varUtf8() }
}
