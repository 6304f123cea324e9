/** BTP as the reference peers speak it: `ilp-plugin-btp` on either side of our links, and STREAM of `ilp-protocol-stream` through our forwarder. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { decodePrepare, decodeReply, encodePrepare, encodeReply, ildcpFulfill, PacketType, type Prepare, type Reply } from '@rivulet/ilp'
import { Forwarder, type PeerLimits } from '@rivulet/forwarder'
import { BtpClient, BtpServer, fetchIldcp } from '@rivulet/links'
import { systemClock } from '@rivulet/time'
import type { IlpPluginBtpConstructorOptions } from 'ilp-plugin-btp'
import { type Connection, createConnection, type CreateConnectionOpts, createServer as createStreamServer, type DataAndMoneyStream, type Server as StreamServer } from 'ilp-protocol-stream'
import { afterEach, describe, expect, test } from 'vitest'

type BtpPlugin = CreateConnectionOpts['plugin']
// Its module is the class itself, which its types do not say.
const Plugin = createRequire(import.meta.url)('ilp-plugin-btp') as new (options: IlpPluginBtpConstructorOptions) => BtpPlugin

const eur = { code: 'EUR', scale: 9 }
const limits: PeerLimits = { packetAmountMax: 10n ** 12n, packetsPerSecondMax: 10_000, packetsBurstMax: 10_000, owedMax: 10n ** 15n }
const log = { info: () => {}, warn: () => {}, error: () => {} }
const clock = systemClock
const preimage = Buffer.alloc(32, 5)
const answer = (data: Buffer): Reply => ({ type: PacketType.fulfill, fulfillment: preimage, data })
const packet = (data: string): Prepare => ({
  amount: 7n, expiresAtMs: clock.nowMs() + 20_000, condition: createHash('sha256').update(preimage).digest(), destination: 'g.hop.alice.page', data: Buffer.from(data),
})

const cleanups: (() => Promise<unknown> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean()
})

async function btpServer(): Promise<{ server: BtpServer; host: string }> {
  const http = createServer()
  const server = new BtpServer({ clock, log })
  server.attach(http, '/btp')
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  cleanups.push(async () => {
    await server[Symbol.asyncDispose]()
    http.close()
  })
  return { server, host: `127.0.0.1:${(http.address() as AddressInfo).port}/btp` }
}

/** The reference peer as client of ours. */
async function pluginClient(host: string, token: string, name = ''): Promise<BtpPlugin> {
  const plugin = new Plugin({ server: `btp+ws://${name}:${token}@${host}` })
  cleanups.push(() => plugin.disconnect())
  await plugin.connect()
  return plugin
}

/** The reference peer as server, and ours as its client. */
async function pluginServer(token: string): Promise<{ plugin: BtpPlugin; link: BtpClient }> {
  const plugin = new Plugin({ listener: { port: 0, secret: token } })
  cleanups.push(() => plugin.disconnect())
  const connected = plugin.connect()
  const { _wss: listener } = plugin as unknown as { _wss: { address(): AddressInfo } }
  const link = new BtpClient({ url: `ws://127.0.0.1:${listener.address().port}`, token, peerId: 'reference', clock, log })
  cleanups.push(() => link[Symbol.asyncDispose]())
  await Promise.all([connected, link.connected()])
  return { plugin, link }
}

describe('packets between ilp-plugin-btp and ours', () => {
  const ends = {
    'the reference connects to us': async () => {
      const { server, host } = await btpServer()
      const link = server.addPeer({ id: 'alice', token: 'secret' })
      return { link, plugin: await pluginClient(host, 'secret', 'alice') }
    },
    'we connect to the reference': () => pluginServer('secret'),
  }

  test.each(Object.entries(ends))('%s: replies come back in both directions, many at once', async (_, connect) => {
    const { link, plugin } = await connect()
    link.receive((prepare) => Promise.resolve(answer(prepare.data)))
    plugin.registerDataHandler((data) => Promise.resolve(encodeReply(answer(decodePrepare(data).data))))
    const texts = Array.from({ length: 100 }, (__, index) => `${index}`)
    const received = await Promise.all(texts.map(async (text) => decodeReply(await plugin.sendData(encodePrepare(packet(text))))))
    expect(received).toEqual(texts.map((text) => answer(Buffer.from(text))))
    expect(await Promise.all(texts.map((text) => link.send(packet(text))))).toEqual(texts.map((text) => answer(Buffer.from(text))))
  })

  test.each(Object.entries(ends))('%s: a handler of theirs that throws is T00 to us', async (_, connect) => {
    const { link, plugin } = await connect()
    plugin.registerDataHandler(() => Promise.reject(new Error('defect')))
    expect(await link.send(packet('x'))).toMatchObject({ code: 'T00' })
  })

  test('its ILDCP answer gives us an address', async () => {
    const { link, plugin } = await pluginServer('secret')
    plugin.registerDataHandler(() => Promise.resolve(encodeReply(ildcpFulfill({ clientAddress: 'test.parent.us', assetCode: 'XRP', assetScale: 6 }))))
    expect(await fetchIldcp(link, clock)).toEqual({ address: 'test.parent.us', asset: { code: 'XRP', scale: 6 } })
  })

  test('a token that we do not know connects nobody', async () => {
    const { host, server } = await btpServer()
    const link = server.addPeer({ id: 'alice', token: 'secret' })
    await expect(pluginClient(host, 'guess')).rejects.toThrow('connection aborted')
    expect(await link.send(packet('x'))).toMatchObject({ code: 'T01' })
  })
})

/** What the reference STREAM server receives, all connections together. */
function takeAll(server: StreamServer): { received: () => bigint } {
  let received = 0n
  server.on('connection', (connection: Connection) => {
    connection.on('stream', (stream: DataAndMoneyStream) => {
      stream.setReceiveMax('1000000000000')
      stream.on('money', (amount: string) => (received += BigInt(amount)))
    })
  })
  return { received: () => received }
}

/** A STREAM client leaves its plugin the moment it has closed, and with it loses its answer to the other's last packet: here the plugin stays. */
function staying(plugin: BtpPlugin): BtpPlugin {
  return {
    connect: () => plugin.connect(),
    disconnect: () => Promise.resolve(),
    isConnected: () => plugin.isConnected(),
    sendData: (data) => plugin.sendData(data),
    registerDataHandler: (handler) => plugin.registerDataHandler(handler),
    deregisterDataHandler: () => {},
  }
}

async function pay(plugin: BtpPlugin, server: StreamServer, amount: number): Promise<Connection> {
  const { destinationAccount, sharedSecret } = server.generateAddressAndSecret()
  const connection = await createConnection({ plugin, destinationAccount, sharedSecret })
  const stream = connection.createStream()
  await stream.sendTotal(amount)
  await connection.end()
  return connection
}

describe('STREAM of the reference library over ilp-plugin-btp', () => {
  test('reaches a local handler of our forwarder, with the address and asset that ILDCP gave', async () => {
    const { server, host } = await btpServer()
    const forwarder = new Forwarder({ address: 'test.hop', clock, log })
    forwarder.addPeer({ id: 'alice', address: 'test.hop.alice', asset: eur, link: server.addPeer({ id: 'alice', token: 'secret' }), limits })

    const client = await pluginClient(host, 'secret')
    // The reference server lives at a local prefix: what it sends goes through the same rules as our own roles' packets.
    let handler: ((data: Buffer) => Promise<Buffer>) | undefined
    const sender = forwarder.sender(eur)
    const streamServer = await createStreamServer({
      plugin: {
        connect: () => Promise.resolve(),
        disconnect: () => Promise.resolve(),
        isConnected: () => true,
        sendData: async (data: Buffer) => encodeReply(await sender.send(decodePrepare(data))),
        registerDataHandler: (dataHandler: (data: Buffer) => Promise<Buffer>) => (handler = dataHandler),
        deregisterDataHandler: () => (handler = undefined),
      },
    })
    cleanups.push(() => streamServer.close())
    const from = new Set<string>()
    forwarder.local('test.hop', async (prepare, peer) => {
      from.add(peer.id)
      if (handler === undefined) throw new Error('the STREAM server is closed')
      return decodeReply(await handler(encodePrepare(prepare)))
    })

    const { received } = takeAll(streamServer)
    const connection = await pay(staying(client), streamServer, 1_000)
    expect(connection.sourceAccount.startsWith('test.hop.alice')).toBe(true)
    expect([connection.sourceAssetCode, connection.sourceAssetScale]).toEqual(['EUR', 9])
    expect(received()).toBe(1_000n)
    expect(forwarder.owedBy('alice')).toBe(1_000n)
    expect([...from]).toEqual(['alice'])
  })

  test('goes through our forwarder to a peer of another scale, and each side owes what was fulfilled', async () => {
    const { server, host } = await btpServer()
    const bob = await pluginServer('bob')
    const forwarder = new Forwarder({ address: 'test.hop', clock, log })
    forwarder.addPeer({ id: 'alice', address: 'test.hop.alice', asset: eur, link: server.addPeer({ id: 'alice', token: 'secret' }), limits })
    forwarder.addPeer({ id: 'bob', address: 'test.hop.bob', asset: { code: 'EUR', scale: 6 }, link: bob.link, limits })
    const client = await pluginClient(host, 'secret')
    const streamServer = await createStreamServer({ plugin: bob.plugin })
    cleanups.push(() => streamServer.close())
    const { received } = takeAll(streamServer)
    const connection = await pay(staying(client), streamServer, 5_000_000)
    expect([connection.destinationAssetCode, connection.destinationAssetScale]).toEqual(['EUR', 6])
    expect(received()).toBe(5_000n)
    expect([forwarder.owedBy('alice'), forwarder.owedBy('bob')]).toEqual([5_000_000n, -5_000n])
  })
})
