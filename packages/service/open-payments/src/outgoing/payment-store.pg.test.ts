/** What a payment's hold relies on is durable before the hold is asked for. */
import { gnapMigrations } from '@rivulet/gnap'
import { newId } from '@rivulet/ids'
import { ledgerMigrations } from '@rivulet/ledger'
import { mortalPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { expect, test } from 'vitest'
import { openPaymentsMigrations } from '../migrations.ts'
import { PaymentStore } from './payment-store.ts'
import type { OutgoingPayment } from './types.ts'

const eur = { code: 'EUR', scale: 9 }

function paymentOf(grantId: OutgoingPayment['grantId']): OutgoingPayment {
  const nowMs = systemClock.nowMs()
  return {
    id: newId('outp', nowMs), state: 'sending', walletAddressId: newId('wadr', nowMs), walletAddress: 'https://wallet.example/alice', ledgerAccountId: newId('acct', nowMs), client: 'https://client.example/app', grantId,
    intervalStartMs: 0, quoteId: undefined, receiver: 'https://pay.example/incoming-payments/1', debit: 100n, send: 100n, asset: eur, receive: 100n, receiveAsset: eur, deliver: undefined, metadata: undefined, sent: 0n,
    failure: undefined, createdMs: nowMs,
  }
}

test('a payment that was admitted is there when the server dies before its hold, and so is what its grant has spent', async () => {
  await using mortal = await mortalPostgres([ledgerMigrations, gnapMigrations, openPaymentsMigrations])
  const grantId = newId('grnt', systemClock.nowMs())
  const limits = { debit: undefined, receive: undefined }
  // The second is written without the row of its grant's spending being made first.
  for (const spent of [100n, 200n]) {
    const payment = paymentOf(grantId)
    await new PaymentStore(mortal.postgres).insert([{ payment, limits }])
    await mortal.dieAndReturn()
    const store = new PaymentStore(mortal.postgres)
    expect(await store.get(payment.id)).toEqual(payment)
    expect((await store.spending(grantId, 0))?.debit).toBe(spent)
  }
})
