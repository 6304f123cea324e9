/** What is paid over a connection counts for its payment, whatever dies after the connection was given out. */
import { randomBytes } from 'node:crypto'
import { accountsMigrations } from '@rivulet/accounts'
import { newId } from '@rivulet/ids'
import { ledgerMigrations } from '@rivulet/ledger'
import { mortalPostgres } from '@rivulet/postgres/testing'
import { systemClock } from '@rivulet/time'
import { expect, test } from 'vitest'
import { IncomingPaymentStore } from './incoming-payment-store.ts'
import { receiverMigrations } from './migrations.ts'

test('connections that were given out are there when the server dies at once', async () => {
  await using mortal = await mortalPostgres([ledgerMigrations, accountsMigrations, receiverMigrations])
  const nowMs = systemClock.nowMs()
  const id = newId('inpm', nowMs)
  const connectionOf = (destination: string) => ({ incoming_payment_id: id, destination, connection: randomBytes(32) })
  await new IncomingPaymentStore(mortal.postgres).insert({
    id, wallet_address_id: newId('wadr', nowMs), client: 'https://client.example/app', incoming_amount: null, metadata: null, created_at_ms: BigInt(nowMs), expires_at_ms: BigInt(nowMs + 60_000), completed_at_ms: null,
  }, connectionOf('test.first'), undefined)
  const given = [connectionOf('test.second'), connectionOf('test.third')]
  expect((await new IncomingPaymentStore(mortal.postgres).addConnections(given)).size).toBe(2)
  await mortal.dieAndReturn()
  const found = (await new IncomingPaymentStore(mortal.postgres).connectionsOf([id])).get(id)
  expect(found?.connections.map(({ destination }) => destination)).toEqual(['test.first', 'test.second', 'test.third'])
})
