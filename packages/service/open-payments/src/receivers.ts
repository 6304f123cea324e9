import type { Asset } from '@rivulet/money'
import type { IncomingPayments } from '@rivulet/receiver'
import type { IncomingPaymentReader } from '@rivulet/resolver'

/** An incoming payment as its payer needs it: what it still takes, and a connection to pay over. */
export interface PayableReceiver {
  /** URL of the incoming payment. */
  readonly url: string
  readonly asset: Asset
  /** Most that it takes in all, and what it has got; units of its asset. */
  readonly incomingAmount: bigint | undefined
  readonly receivedAmount: bigint
  /** It takes nothing from then on, ms since 1970. */
  readonly expiresAtMs: number | undefined
  /** ILP address of a connection, and its 32-byte secret. One of ours belongs to one payment alone, and there is none before there is a payment. */
  readonly connection: { readonly destination: string; readonly sharedSecret: Buffer } | undefined
  /** Whether it is one of this installation, whose role writes to the same books. */
  readonly isOurs: boolean
}

/**
 * Looks an incoming payment up, fresh each time: to quote for it, or to pay it now. Undefined: there is none that could be paid. Throws Faults of the network.
 */
export type FindReceiver = (url: string, purpose: 'quote' | 'pay') => Promise<PayableReceiver | undefined>

export interface FindReceiverOptions {
  /** Of this installation. */
  readonly incoming: Pick<IncomingPayments, 'get' | 'openAlone'>
  /** Origins below which those are. */
  readonly publicUrls: readonly string[]
  /** Of all others. */
  readonly reader: Pick<IncomingPaymentReader, 'read'>
}

/** Incoming payments of this installation are looked up in its own tables, without HTTP. */
export function findReceiver({ incoming, publicUrls, reader }: FindReceiverOptions): FindReceiver {
  const own = publicUrls.map((publicUrl) => `${new URL(publicUrl).origin}/incoming-payments/`)
  return async (url, purpose) => {
    const prefix = own.find((one) => url.startsWith(one))
    if (prefix === undefined) {
      const remote = await reader.read(url)
      return remote === undefined || remote.completed ? undefined : { ...remote, connection: remote.credentials, isOurs: false }
    }
    const id = url.slice(prefix.length)
    const opened = purpose === 'pay' ? await incoming.openAlone(id) : undefined
    const payment = purpose === 'pay' ? opened?.payment : await incoming.get(id)
    if (payment === undefined || payment.url !== url || payment.state !== 'open') return undefined
    const { walletAddress, incomingAmount, receivedAmount, expiresAtMs } = payment
    return { url, asset: walletAddress.asset, incomingAmount, receivedAmount, expiresAtMs, connection: opened?.credentials, isOurs: true }
  }
}
