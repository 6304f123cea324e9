import { type Accounts, assetParts, personOf, unitsPart, type WalletAddress } from '@rivulet/accounts'
import { type Id, isId } from '@rivulet/ids'
import type { Ledger, Transfer } from '@rivulet/ledger'
import { type RequestHandler, Router } from 'express'
import { z } from 'zod'
import { kindOf } from '../statements/statement.ts'

export interface PaymentRoutesOptions {
  readonly ledger: Pick<Ledger, 'transfersOf'>
  readonly accounts: Pick<Accounts, 'walletAddresses'>
  /** Lets in the publisher herself, and what reads for her. */
  readonly requireReader: RequestHandler
}

const pageQuery = z.object({ before: z.string().refine((id) => isId('xfer', id)).optional(), limit: z.coerce.number().int().min(1).max(200).default(50) })

/** `GET /api/payments?before&limit`: each posting to and from the publisher's pointers, newest first; `next` is the `before` of the next page, null on the last. */
export function paymentRoutes({ ledger, accounts, requireReader }: PaymentRoutesOptions): Router {
  const router = Router()
  router.get('/api/payments', requireReader, async (request, response) => {
    const parsed = pageQuery.safeParse(request.query)
    if (!parsed.success) {
      response.status(400).json({ error: { code: 'request-invalid', message: 'before is the id of a payment, limit 1 to 200' } })
      return
    }
    const { before, limit } = parsed.data
    const addresses = await accounts.walletAddresses(personOf(response).id)
    const page = { limit: limit + 1, ...(before !== undefined && { before: before as Id<'xfer'> }) }
    const all = (await Promise.all(addresses.map(async (address) => (await ledger.transfersOf(address.ledgerAccountId, page)).map((transfer) => ({ address, transfer })))))
      .flat()
      .toSorted((one, other) => (one.transfer.id < other.transfer.id ? 1 : one.transfer.id > other.transfer.id ? -1 : 0))
    // What went from one pointer of hers to another stands in both lines, and they are never parted by a page.
    const last = all[limit - 1]?.transfer.id
    const shown = last === undefined ? all : all.filter(({ transfer }) => transfer.id >= last)
    response.set('Cache-Control', 'no-store').json({ payments: shown.map(paymentJson), next: shown.length < all.length ? (last ?? null) : null })
  })
  return router
}

function paymentJson({ address, transfer }: { readonly address: WalletAddress; readonly transfer: Transfer }): object {
  const { url, asset, ledgerAccountId } = address
  const amount = transfer.creditAccountId === ledgerAccountId ? transfer.amount : -transfer.amount
  return { id: transfer.id, pointer: url, kind: kindOf(transfer.reason, amount), amount: String(amount), assetCode: asset.code, assetScale: asset.scale, postedAt: new Date(transfer.postedAtMs).toISOString() }
}

const paymentsAnswer = z.strictObject({
  payments: z.array(z.strictObject({ id: z.string(), pointer: z.string(), kind: z.string(), amount: unitsPart, ...assetParts, postedAt: z.iso.datetime() })),
  next: z.string().nullable().meta({ description: 'What `before` is for the page after this one; null on the last.' }),
})

/** What the API reference says of these routes. */
export const paymentApi = {
  'GET /api/payments': { summary: 'What the ledger posted on the pointers, the newest first.', query: pageQuery, scope: 'payments', answer: paymentsAnswer },
}
