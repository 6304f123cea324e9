import { ProofFault } from './fault.ts'

export interface ProvenPayment {
  /** Its URL. */
  readonly incomingPayment: string
  /** Units that it has received in all, at least. */
  readonly receivedAmount: bigint
  readonly assetCode: string
  readonly assetScale: number
  /** What is new since `seen`. */
  readonly fresh: bigint
}

export interface PaymentQuestion {
  /** The event's `incomingPayment`, a string that the page, and so anybody, has sent. */
  readonly incomingPayment: string
  /** The wallet address that is to be paid, as its provider writes it: `https://pay.example.com/your-name`. */
  readonly walletAddress: string
  /** What is known to have come on this payment, 0 at first: the amount only grows, so the same event proves nothing twice. */
  readonly seen: bigint
}

const secondsMax = 10
const bodyBytesMax = 65_536

/**
 * Asks the provider of your own wallet address what an incoming payment has received. The URL comes from a page, so only one below the origin of `walletAddress` is asked, and no redirect is
 * followed; the answer must name `walletAddress` (Rivulet's public answer does, other providers need not). Units are the asset's: value / 10^assetScale.
 * Throws ProofFault `payment-foreign` (another provider's, or another wallet address's), `payment-unreadable` (no such payment, or its provider does not answer: ask again later).
 * @param request `fetch` unless told
 */
export async function provePayment({ incomingPayment, walletAddress, seen }: PaymentQuestion, request: typeof fetch = fetch): Promise<ProvenPayment> {
  const [url, address] = [URL.parse(incomingPayment), URL.parse(walletAddress)]
  if (url === null || address === null || url.origin !== address.origin || url.search !== '' || url.hash !== '' || url.username !== '' || !url.pathname.includes('/incoming-payments/')) {
    throw new ProofFault('payment-foreign', `this is no incoming payment at the provider of ${walletAddress}`)
  }
  const body = await read(url, request)
  if (body['walletAddress'] !== walletAddress) throw new ProofFault('payment-foreign', `the payment is not to ${walletAddress}`)
  const amount = recordOf(body['receivedAmount'])
  const { value, assetCode, assetScale } = amount
  if (typeof value !== 'string' || !/^[0-9]{1,20}$/.test(value) || typeof assetCode !== 'string' || typeof assetScale !== 'number') throw new ProofFault('payment-unreadable', 'the provider does not say what was received')
  const receivedAmount = BigInt(value)
  return { incomingPayment: url.href, receivedAmount, assetCode, assetScale, fresh: receivedAmount > seen ? receivedAmount - seen : 0n }
}

async function read(url: URL, request: typeof fetch): Promise<Record<string, unknown>> {
  try {
    const response = await request(url, { headers: { accept: 'application/json' }, redirect: 'error', signal: AbortSignal.timeout(secondsMax * 1_000) })
    if (response.status !== 200) throw new Error(`it answers ${response.status}`)
    return recordOf(JSON.parse(await bounded(response)))
  } catch (error) {
    throw new ProofFault('payment-unreadable', `${url.origin} does not say what the payment has received (${error instanceof Error ? error.message : String(error)})`, { cause: error })
  }
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const body: AsyncIterable<Uint8Array> | undefined = response.body ?? undefined
  if (body === undefined) return ''
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > bodyBytesMax) throw new Error(`it answers more than ${bodyBytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
