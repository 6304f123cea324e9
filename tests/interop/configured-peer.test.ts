/** A peer with the reference libraries, configured by command: over `ilp-plugin-btp` it pays a publisher of ours with `ilp-protocol-stream`, and is paid by a subscriber of ours. */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { IlpPluginBtpConstructorOptions } from 'ilp-plugin-btp'
import { type Connection, createConnection, type CreateConnectionOpts, createServer as createStreamServer, type DataAndMoneyStream } from 'ilp-protocol-stream'
import { expect, test } from 'vitest'
import { answerOf, balanceOf, verified } from '../support/books.ts'
import { Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'

type BtpPlugin = CreateConnectionOpts['plugin']
// Its module is the class itself, which its types do not say.
const Plugin = createRequire(import.meta.url)('ilp-plugin-btp') as new (options: IlpPluginBtpConstructorOptions) => BtpPlugin

interface Listed {
  readonly peers: readonly { readonly balance: { readonly owedToUs: string; readonly owedToPeer: string } }[]
}

interface Summary {
  readonly sent: { readonly value: string }
  readonly delivered?: { readonly value: string }
  readonly fulfilled: number
}

test.each([
  ['the asset of the installation', 'EUR/9', { code: 'EUR', scale: 9 }],
  ['a coarser scale of it, through an exchange', 'EUR/6', { code: 'EUR', scale: 6 }],
])('a reference peer whose link counts in %s pays a publisher and is paid, to the unit', { timeout: 300_000 }, async (_name, assetText, asset) => {
  await using folder = await sandboxFolder()
  await using server = await Server.start(['up', '--data', folder.path, '--port', '0'])
  const { incomingToken } = await answerOf<{ incomingToken: string }>(['peers', 'add', 'reference', '--asset', assetText, '--data', folder.path])
  const owed = async (): Promise<bigint> => {
    const { peers } = await answerOf<Listed>(['peers', 'list', '--data', folder.path])
    return BigInt(peers[0]?.balance.owedToUs ?? 0) - BigInt(peers[0]?.balance.owedToPeer ?? 0)
  }
  await using ends = new AsyncDisposableStack()
  // The library ends the plugin with its connection. A running process follows a change of peers within seconds, and refuses the token until then.
  const connected = async (): Promise<BtpPlugin> => {
    for (;;) {
      const plugin = new Plugin({ server: `btp+ws://:${incomingToken}@${server.ready.receiver.replace('http://', '')}/btp` })
      ends.defer(() => plugin.disconnect())
      if (await plugin.connect().then(() => true, () => false)) return plugin
      await wait(500)
    }
  }

  // It pays.
  const response = await fetch(`${server.ready.receiver}/mara`, { headers: { accept: 'application/spsp4+json' } })
  const { destination_account: destinationAccount, shared_secret: secret } = (await response.json()) as { destination_account: string; shared_secret: string }
  const connection = await createConnection({ plugin: await connected(), destinationAccount, sharedSecret: Buffer.from(secret, 'base64') })
  const stream = connection.createStream()
  await stream.sendTotal(123_456)
  await connection.end()
  const unitsPerUnit = 10n ** BigInt(9 - asset.scale)
  expect(connection.totalDelivered).toBe(String(123_456n * unitsPerUnit))
  const { posted, accrued } = await balanceOf('mara', folder.path)
  expect(BigInt(posted) + BigInt(accrued)).toBe(123_456n * unitsPerUnit)
  expect(await owed()).toBe(123_456n)

  // It is paid: its server is found by SPSP, at an address below ours that ILDCP gave it.
  let received = 0n
  const streamServer = await createStreamServer({ plugin: await connected(), serverSecret: Buffer.alloc(32, 1) })
  ends.defer(() => streamServer.close())
  streamServer.on('connection', (incoming: Connection) => {
    incoming.on('stream', (money: DataAndMoneyStream) => {
      money.setReceiveMax(10 ** 15)
      money.on('money', (amount: string) => (received += BigInt(amount)))
    })
  })
  const spsp = createServer((_request, answer) => {
    const credentials = streamServer.generateAddressAndSecret()
    answer.setHeader('content-type', 'application/spsp4+json')
    answer.end(JSON.stringify({ destination_account: credentials.destinationAccount, shared_secret: credentials.sharedSecret.toString('base64'), asset }))
  })
  await new Promise<void>((resolve) => spsp.listen(0, '127.0.0.1', resolve))
  ends.defer(() => new Promise<void>((resolve) => void spsp.close(() => resolve())))
  // A rest worth less than a packet (100 units of the coarser scale) stays with the subscriber.
  const packetUnitsMin = unitsPerUnit === 1n ? 1n : 100n * unitsPerUnit
  const whole = ({ sent }: Summary): boolean => BigInt(sent.value) > 400_000n - packetUnitsMin
  const summaries: Summary[] = []
  // On a busy machine the last second of one may be cut off.
  while (!summaries.some(whole)) {
    const summary = await answerOf<Summary>(['stream', `http://127.0.0.1:${(spsp.address() as AddressInfo).port}/payee`, '--seconds', '4', '--data', folder.path])
    expect(BigInt(summary.sent.value)).toBeLessThanOrEqual(400_000n)
    summaries.push(summary)
    expect(summaries.length).toBeLessThan(5)
  }
  const sum = (of: (summary: Summary) => string | number): bigint => summaries.reduce((total, summary) => total + BigInt(of(summary)), 0n)
  const sent = sum((summary) => summary.sent.value)
  expect(received).toBeLessThanOrEqual(sent / unitsPerUnit)
  expect(received).toBeGreaterThanOrEqual(sent / unitsPerUnit - sum(({ fulfilled }) => fulfilled))
  expect(sum((summary) => summary.delivered?.value ?? summary.sent.value)).toBe(received)
  expect(await owed()).toBe(123_456n - received)
  expect(await verified(folder.path)).toMatchObject({ ok: true, problems: [] })
})
