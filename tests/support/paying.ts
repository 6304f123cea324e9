/** What tests need to pay as clients do: a key, grants that a person has given, incoming payments of a publisher. Grants and incoming payments are made in the product's own database. */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Accounts, type WalletAddress } from '@rivulet/accounts'
import { type Access, Gnap } from '@rivulet/gnap'
import { signRequest } from '@rivulet/http-signature'
import { Ledger } from '@rivulet/ledger'
import { Postgres } from '@rivulet/postgres'
import { IncomingPayments } from '@rivulet/receiver'
import { StreamReceiver } from '@rivulet/stream-receiver'
import { systemClock as clock } from '@rivulet/time'

export interface PayingUrls {
  readonly wallet: string
  readonly receiver: string
  readonly operator: string
}

export interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
  readonly headers: Headers
}

export interface ClientKey {
  readonly keyId: string
  readonly privateKey: KeyObject
  /** As `rivulet keys add` takes it. */
  readonly base64Jwk: string
}

export function newClientKey(): ClientKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const { x } = publicKey.export({ format: 'jwk' })
  const keyId = createHash('sha256').update(x ?? '').digest('hex').slice(0, 32)
  return { keyId, privateKey, base64Jwk: Buffer.from(JSON.stringify({ kty: 'OKP', crv: 'Ed25519', x, kid: keyId })).toString('base64') }
}

/** Beside a running product, on the same database. */
export class PayingHouse implements AsyncDisposable {
  readonly ledger: Ledger
  readonly gnap: Gnap
  readonly incoming: IncomingPayments
  readonly accounts: Accounts
  readonly #postgres: Postgres

  private constructor(parts: { readonly postgres: Postgres; readonly ledger: Ledger; readonly gnap: Gnap; readonly incoming: IncomingPayments; readonly accounts: Accounts }) {
    this.#postgres = parts.postgres
    this.ledger = parts.ledger
    this.gnap = parts.gnap
    this.incoming = parts.incoming
    this.accounts = parts.accounts
  }

  static async open({ databaseUrl, dataFolder, urls }: { readonly databaseUrl: string; readonly dataFolder: string; readonly urls: PayingUrls }): Promise<PayingHouse> {
    const secrets = JSON.parse(readFileSync(join(dataFolder, 'secrets.json'), 'utf8')) as { auth: string; receiver: { id: string; secret: string }[] }
    const postgres = Postgres.connect({ url: databaseUrl, connectionsMax: 6, applicationName: 'paying test' })
    const ledger = await Ledger.open({ postgres, clock })
    const accounts = await Accounts.open({
      postgres, ledger, clock, secret: Buffer.from(secrets.auth, 'base64url'), sandbox: true,
      entrances: { subscriber: { publicUrl: urls.wallet }, publisher: { publicUrl: urls.receiver }, operator: { publicUrl: urls.operator } },
    })
    const keys = { current: secrets.receiver.at(-1)?.id ?? '', all: Object.fromEntries(secrets.receiver.map(({ id, secret }) => [id, Buffer.from(secret, 'base64url')])) }
    const streams = new StreamReceiver({ address: 'test.rivulet.receiver', keys, clock, receiving: ledger.receiving })
    return new PayingHouse({ postgres, ledger, accounts, gnap: new Gnap({ postgres, clock, server: 'wallet' }), incoming: new IncomingPayments({ postgres, clock, accounts, streams, receiving: ledger.receiving }) })
  }

  async address(path: string): Promise<WalletAddress> {
    const address = await this.accounts.walletAddressByPath(path)
    if (address === undefined) throw new Error(`there is no wallet address ${path}`)
    return address
  }

  /** A token that the holder of `address` has agreed to. */
  async grant(address: WalletAddress, key: Pick<ClientKey, 'keyId'>, access: readonly Access[], client = address.url): Promise<string> {
    const { interactionId, nonce, continuation } = await this.gnap.ask({ client: { id: client, name: 'A client', keyId: key.keyId, keyX: undefined }, access, subject: undefined, finish: undefined })
    await this.gnap.accept({ id: interactionId, nonce }, { id: address.personId, walletAddresses: [address.url] })
    // Polling may begin after some seconds only.
    const { rows } = await this.#postgres.pool.query('update gnap."grant" set poll_after_ms = 0 where id = $1 returning id', [continuation.grantId])
    const continued = await this.gnap.continue(continuation.grantId, undefined)
    if (rows.length !== 1 || continued.type !== 'issued' || continued.token === undefined) throw new Error('the grant gave no token')
    return continued.token.value
  }

  async quoteGrant(address: WalletAddress, key: Pick<ClientKey, 'keyId'>, client = address.url): Promise<string> {
    return (await this.gnap.issue({ client: { id: client, name: undefined, keyId: key.keyId, keyX: undefined }, access: [{ type: 'quote', actions: ['create', 'read'] }] })).token.value
  }

  /** A look at the product's own tables. */
  async query<Row extends object>(text: string): Promise<readonly Row[]> {
    return (await this.#postgres.pool.query(text)).rows as Row[]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gnap[Symbol.asyncDispose]()
    await this.accounts[Symbol.asyncDispose]()
    await this.ledger[Symbol.asyncDispose]()
    await this.#postgres[Symbol.asyncDispose]()
  }
}

interface SignedOptions {
  readonly key: Pick<ClientKey, 'keyId' | 'privateKey'>
  readonly token?: string | undefined
  readonly body?: unknown
  /** Unsigned ones. */
  readonly headers?: Readonly<Record<string, string>>
}

/** One signed request. A body is sent as it is when it is a string. */
export async function signed(method: string, url: string, { key, token, body, headers: more = {} }: SignedOptions): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
  const headers = { accept: 'application/json', 'content-type': 'application/json', ...(token !== undefined && { authorization: `GNAP ${token}` }) }
  const { 'content-length': _, ...signature } = signRequest({ method, url, headers, body: bytes }, key, clock.nowMs())
  const response = await fetch(url, { method, headers: { ...more, ...headers, ...signature }, ...(bytes !== undefined && { body: bytes }) })
  const text = await response.text()
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>, headers: response.headers }
}
