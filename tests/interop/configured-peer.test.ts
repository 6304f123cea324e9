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

/** Running processes follow a change of peers within this. */
const followMs = 5_000

test.each([
  ['the asset of the installation', 'EUR/9', { code: 'EUR', scale: 9 }],
  ['a coarser scale of it, through an exchange', 'EUR/6', { code: 'EUR', scale: 6 }],
])('a reference peer whose link counts in %s pays a publisher and is paid, to the unit', { timeout: 300_000 }, async (_name, assetText, asset) => {
  await using folder = await sandboxFolder()
  await using server = await Server.start(['up', '--data', folder.path, '--port', '0'])
  const { incomingToken } = await answerOf<{ incomingToken: string }>(['peers', 'add', 'reference', '--asset', assetText, '--data', folder.path])
  await wait(followMs)
  const owed = async (): Promise<bigint> => {
    const { peers } = await answerOf<Listed>(['peers', 'list', '--data', folder.path])
    return BigInt(peers[0]?.balance.owedToUs ?? 0) - BigInt(peers[0]?.balance.owedToPeer ?? 0)
  }
  await using ends = new AsyncDisposableStack()
  // The library ends the plugin with its connection.
  const connected = async (): Promise<BtpPlugin> => {
    const plugin = new Plugin({ server: `btp+ws://:${incomingToken}@${server.ready.receiver.replace('http://', '')}/btp` })
    ends.defer(() => plugin.disconnect())
    await plugin.connect()
    return plugin
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
  const credentials = streamServer.generateAddressAndSecret()
  const spsp = createServer((_request, answer) => {
    answer.setHeader('content-type', 'application/spsp4+json')
    answer.end(JSON.stringify({ destination_account: credentials.destinationAccount, shared_secret: credentials.sharedSecret.toString('base64'), asset }))
  })
  await new Promise<void>((resolve) => spsp.listen(0, '127.0.0.1', resolve))
  ends.defer(() => new Promise<void>((resolve) => void spsp.close(() => resolve())))
  const summary = await answerOf<{ sent: { value: string }; fulfilled: number; delivered?: { value: string } }>(['stream', `http://127.0.0.1:${(spsp.address() as AddressInfo).port}/payee`, '--seconds', '4', '--data', folder.path])
  // A rest worth less than a packet (100 units of the coarser scale) stays with the subscriber.
  const sent = BigInt(summary.sent.value)
  const packetUnitsMin = unitsPerUnit === 1n ? 1n : 100n * unitsPerUnit
  expect(sent).toBeLessThanOrEqual(400_000n)
  expect(sent).toBeGreaterThan(400_000n - packetUnitsMin)
  expect(received).toBeLessThanOrEqual(sent / unitsPerUnit)
  expect(received).toBeGreaterThanOrEqual(sent / unitsPerUnit - BigInt(summary.fulfilled))
  expect(summary.delivered?.value ?? summary.sent.value).toBe(String(received))
  expect(await owed()).toBe(123_456n - received)
  expect(await verified(folder.path)).toMatchObject({ ok: true, problems: [] })
})
