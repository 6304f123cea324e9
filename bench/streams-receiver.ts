/** The receiver of `bench streams`: the receiving role as compose.ts puts it together, without its HTTP routes; credentials are asked for over the bench's own channel. */
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Forwarder } from '@rivulet/forwarder'
import { ErrorCode, reject } from '@rivulet/ilp'
import { Ledger } from '@rivulet/ledger'
import { BtpServer } from '@rivulet/links'
import { Postgres } from '@rivulet/postgres'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { systemClock as clock } from '@rivulet/time'
import { addresses, asset, type BenchCredentials, internalLimits, log, memoryUse, type ReceiverAnswers, type ReceiverRequest, serve } from './streams-process.ts'

let receiver: StreamReceiver | undefined

serve<ReceiverRequest>(async (request) => {
  switch (request.kind) {
    case 'open':
      return open(request)
    case 'issue':
      return issue(request)
    case 'memory':
      return memoryUse()
  }
})

async function open({ databaseUrl, token }: ReceiverRequest & { readonly kind: 'open' }): Promise<ReceiverAnswers['open']> {
  const postgres = Postgres.connect({ url: databaseUrl, connectionsMax: 24, applicationName: 'bench receiver' })
  const ledger = await Ledger.open({ postgres, clock, log })
  const streams = new StreamReceiver({ address: addresses.receiver, keys: { current: 'k1', all: { k1: randomBytes(32) } }, clock, receiving: ledger.receiving })
  const linkAccount = await ledger.openAccount({ name: 'link[wallet]@receiver', kind: 'link', asset, debitsMayExceedCredits: true })
  const forwarder = new Forwarder({ address: addresses.receiver, clock, log })
  forwarder.local(addresses.receiver, async (prepare, from) =>
    from.linkAccountId === undefined ? reject(ErrorCode.unreachable, addresses.receiver, 'no account') : streams.handle(prepare, { debitAccountId: from.linkAccountId, asset: from.asset }))
  const btp = new BtpServer({ clock, log })
  forwarder.addPeer({ id: 'wallet', address: addresses.wallet, asset, link: btp.addPeer({ id: 'wallet', token }), linkAccountId: linkAccount.id, limits: internalLimits })
  const server = createServer()
  btp.attach(server, '/btp')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  receiver = streams
  return { btpUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/btp` }
}

/** As SPSP would hand them out, publisher after publisher. */
function issue({ publishers, count }: ReceiverRequest & { readonly kind: 'issue' }): readonly BenchCredentials[] {
  return Array.from({ length: count }, (_, index) => {
    const accountId = publishers[index % publishers.length]
    if (receiver === undefined || accountId === undefined) throw new Error('the receiver is not open, or has no publishers')
    return receiver.issue({ accountId, asset })
  })
}
