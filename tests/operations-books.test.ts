/** An operator's work on the books: init, balance, keys, verify, backup and restore, with and without a running server, and a stop that leaves nothing open. */
import { generateKeyPairSync } from 'node:crypto'
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { answerOf, type Balance, balanceOf, guestLedger, type Verified, verified } from './support/books.ts'
import { askForStream } from './support/control.ts'
import { freeBasePort } from './support/ports.ts'
import { dataFolder, rivulet, Server } from './support/product.ts'
import { sharedFolder } from './support/shared-folder.ts'

const names = ['alice', 'ben', 'mara', 'tomas', 'ines'] as const

function keyOf(kid: string, changes: object = {}): string {
  const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
  return Buffer.from(JSON.stringify({ ...jwk, kid, alg: 'EdDSA', use: 'sig', ...changes })).toString('base64')
}

describe('the books', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let files: string
  let product: Server
  let balances: readonly Balance[]

  /** All at once: without a server one of the commands starts the database, all of them use it, and the last one stops it. */
  function allBalances(of: string): Promise<readonly Balance[]> {
    return Promise.all(names.map((name) => balanceOf(name, of)))
  }

  beforeAll(async () => {
    folder = resources.use(dataFolder()).path
    files = resources.use(dataFolder()).path
    product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  })
  afterAll(() => resources.disposeAsync())

  test('are backed up while streams run, and no file is replaced', async () => {
    const file = join(files, 'running.backup')
    const paying = answerOf<{ sent: { value: string } }>(['stream', `${product.ready.receiver}/mara`, '--seconds', '6', '--data', folder])
    expect(await rivulet(['backup', file, '--data', folder])).toMatchObject({ status: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await rivulet(['backup', file, '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringMatching(/name another file, or move it away \(backup-exists\)/) as string })
    expect(await rivulet(['backup', join(files, 'nowhere', 'a.backup'), '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringMatching(/^rivulet: ENOENT.*nowhere/) as string })
    expect(BigInt((await paying).sent.value)).toBeGreaterThan(0n)
  })

  test('take the public keys of clients, and no others', async () => {
    expect(await answerOf(['keys', 'add', 'alice', keyOf('laptop'), '--data', folder])).toEqual({ kid: 'laptop' })
    for (const [key, says] of [
      ['not base64!', /must be the base64 of a JWK/],
      [Buffer.from('hello').toString('base64'), /but not of JSON/],
      [keyOf('a', { crv: 'X25519' }), /not an Ed25519 public key: crv/],
      [keyOf('a', { d: 'A'.repeat(43) }), /this is a private key: keep it/],
    ] as const) {
      expect(await rivulet(['keys', 'add', 'alice', key, '--data', folder])).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(says) as string })
    }
    expect(await rivulet(['keys', 'add', 'nobody', keyOf('b'), '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringContaining('(person-unknown)') as string })
  })

  test('show the balance of whoever has one', async () => {
    expect(await rivulet(['balance', 'nobody', '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringContaining('(person-unknown)') as string })
    expect(await rivulet(['balance', 'olivia@demo.example', '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringMatching(/operator and has no account/) as string })
    expect((await rivulet(['balance', 'mara', '--data', folder])).stdout).toMatch(/: posted 0\.0\d+ EUR, held 0/)
  })

  test('name the row that was tampered with, and exit with 1', async () => {
    await using guest = await guestLedger({ folder })
    await expect.poll(() => verified(folder), { timeout: 60_000 }).toMatchObject({ ok: true, streamsOpen: 0 })
    // The publisher's side posts by itself, a little after the subscriber's.
    const paid = async (): Promise<string> => (await guest.postgres.pool.query<{ id: string }>(`SELECT id FROM ledger.accounts WHERE kind = 'publisher' AND credits_posted > 0 LIMIT 1`)).rows[0]?.id ?? 'nobody'
    await expect.poll(paid).not.toBe('nobody')
    const id = await paid()
    await guest.postgres.pool.query('UPDATE ledger.accounts SET credits_posted = credits_posted + 1 WHERE id = $1', [id])
    const { status, stdout } = await rivulet(['verify', '--json', '--data', folder])
    const report = JSON.parse(stdout) as Verified
    expect({ status, ok: report.ok }).toEqual({ status: 1, ok: false })
    expect(report.problems.find(({ check }) => check === 'counters-equal-history')?.row).toContain(id)
    expect((await rivulet(['verify', '--data', folder])).stdout).toMatch(/^THE BOOKS ARE WRONG\.\n  .*: /)
    await guest.postgres.pool.query('UPDATE ledger.accounts SET credits_posted = credits_posted - 1 WHERE id = $1', [id])
    expect(await verified(folder)).toMatchObject({ ok: true })
  })

  test('have nothing open after a graceful stop while streams run', async () => {
    const abort = new AbortController()
    const streams = await Promise.all(
      names.slice(2).flatMap((payee) => ['alice', 'ben'].map((as) => askForStream(folder, { as, pointer: `${product.ready.receiver}/${payee}`, seconds: 600 }, abort.signal))),
    )
    expect(streams.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 200))
    await expect.poll(() => verified(folder), { timeout: 30_000 }).toMatchObject({ streamsOpen: 6 })
    // After 10 s it would give up, with status 1.
    expect(await product.end('SIGTERM')).toBe(0)
    abort.abort()
    expect(await verified(folder)).toMatchObject({ ok: true, problems: [], streamsOpen: 0, streamsInDoubt: 0 })
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false)
    balances = await allBalances(folder)
    expect(existsSync(join(folder, 'postgres', 'postmaster.pid'))).toBe(false)
    for (const { pending, accrued } of balances) expect({ pending, accrued }).toEqual({ pending: '0', accrued: '0' })
    expect(balances.reduce((sum, { posted }) => sum + BigInt(posted), 0n)).toBe(10_000_000_000n)
  })

  test('without a running server a stream says how to start one', async () => {
    expect(await rivulet(['stream', '$example.com', '--data', folder])).toMatchObject({ status: 1, stderr: expect.stringMatching(/start it with `pnpm start`.*\(wallet-not-running\)/) as string })
    expect(await rivulet(['balance', 'alice', '--data', join(files, 'none')])).toMatchObject({ status: 1, stderr: expect.stringMatching(/start Rivulet once, or name its folder with --data \(database-missing\)/) as string })
  })

  test('come back from a backup to the unit, and people sign in as before', async () => {
    await using restored = await sharedFolder([])
    const file = join(files, 'stopped.backup')
    expect(await rivulet(['backup', file, '--data', folder])).toMatchObject({ status: 0 })
    cpSync(join(folder, 'secrets.json'), join(restored.path, 'secrets.json'))
    expect(await rivulet(['restore', file, '--data', restored.path])).toMatchObject({ status: 0, stderr: expect.stringContaining('The books are right.') as string })
    expect(await allBalances(restored.path)).toEqual(balances)
    expect(await rivulet(['restore', file, '--data', restored.path])).toMatchObject({ status: 1, stderr: expect.stringMatching(/restore into a new database \(database-not-empty\)/) as string })
    await using again = await Server.start(['up', '--port', '0', '--data', restored.path])
    const signedIn = await fetch(`${again.ready.wallet}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: again.ready.wallet },
      body: JSON.stringify({ email: 'alice@demo.example', password: 'rivulet-demo' }),
    })
    expect(signedIn.status).toBe(200)
    const { sent } = await answerOf<{ sent: { value: string } }>(['stream', `${again.ready.receiver}/mara`, '--seconds', '2', '--data', restored.path])
    expect(BigInt(sent.value)).toBeGreaterThan(0n)
    expect(await verified(restored.path)).toMatchObject({ ok: true, problems: [] })
  })

  test('take back no backup that is cut off, altered, of something else, or not there, and stay empty', async () => {
    await using empty = await sharedFolder()
    const whole = readFileSync(join(files, 'stopped.backup'))
    const text = gunzipSync(whole).toString()
    const bad: readonly (readonly [string, Buffer])[] = [
      ['cut', whole.subarray(0, whole.length - 200)],
      ['changed', Buffer.from(whole).fill(0x55, whole.length >> 1, (whole.length >> 1) + 20)],
      ['richer', gzipSync(text.replaceAll('5000000000', '9000000000'))],
      ['shorter', gzipSync(text.split('\n').slice(0, -2).join('\n'))],
      ['another', gzipSync('{"format":"something-else"}\n')],
      ['plain', Buffer.from(text)],
    ]
    for (const [name, bytes] of bad) {
      const file = join(files, name)
      writeFileSync(file, bytes)
      expect({ name, ...(await rivulet(['restore', file, '--data', empty.path])) }).toMatchObject({ name, status: 1, stderr: expect.stringContaining('(backup-damaged)') as string })
    }
    expect(await rivulet(['restore', join(files, 'absent'), '--data', empty.path])).toMatchObject({ status: 1, stderr: expect.stringMatching(/rivulet: ENOENT.*absent/) as string })
    expect(await verified(empty.path)).toMatchObject({ ok: true, accounts: 0, transfers: 0 })
  })
})

describe('a real installation', () => {
  test('has its secrets in files of mode 0600, no demo accounts, one operator who can sign in, and is written once', async () => {
    using folder = dataFolder()
    const port = await freeBasePort()
    const url = (offset: number): string => `http://localhost:${port + offset}`
    const args = ['init', '--domain', 'example.com', '--email', 'operator@example.com', '--wallet-url', url(0), '--receiver-url', url(1), '--operator-url', url(2), '--host-path', 'gazette', '--data', folder.path]
    const made = await rivulet(args)
    expect(made).toMatchObject({ status: 0, stdout: expect.stringMatching(/^[A-Za-z0-9_-]{20}\n$/) as string })
    for (const file of ['rivulet.json', 'secrets.json', 'postgres.password']) expect({ file, mode: statSync(join(folder.path, file)).mode & 0o777 }).toEqual({ file, mode: 0o600 })
    const before = readFileSync(join(folder.path, 'secrets.json'), 'utf8')
    expect(await rivulet(args)).toMatchObject({ status: 1, stderr: expect.stringMatching(/edit it, or choose another folder with --data \(config-exists\)/) as string })
    expect(readFileSync(join(folder.path, 'secrets.json'), 'utf8')).toBe(before)

    await using product = await Server.start(['up', '--port', String(port), '--data', folder.path])
    expect(product.ready.demoAccounts).toEqual([])
    const signIn = async (email: string, password: string): Promise<number> =>
      (await fetch(`${url(2)}/api/auth/sign-in/email`, { method: 'POST', headers: { 'content-type': 'application/json', origin: url(2) }, body: JSON.stringify({ email, password }) })).status
    expect(await signIn('operator@example.com', made.stdout.trim())).toBe(200)
    expect(await signIn('operator@example.com', 'rivulet-demo')).toBe(401)
    expect(await signIn('olivia@demo.example', 'rivulet-demo')).toBe(401)

    const bare = (accept: string): Promise<Response> => fetch(`${url(1)}/.well-known/pay`, { headers: { accept } })
    expect((await bare('application/spsp4+json')).status).toBe(404)
    // Signing in opens the wallet address that signing up asked for.
    for (const way of ['sign-up', 'sign-in']) {
      const { status } = await fetch(`${url(1)}/api/auth/${way}/email`, { method: 'POST', headers: { 'content-type': 'application/json', origin: url(1) }, body: JSON.stringify({ email: 'gazette@example.com', password: 'correct horse', name: 'Gazette' }) })
      expect({ way, status }).toEqual({ way, status: 200 })
    }
    expect(await (await bare('application/spsp4+json')).json()).toMatchObject({ destination_account: expect.stringMatching(/^g\.rivulet\.example-com\.receiver\./) as string })
    expect(await (await bare('application/json')).json()).toMatchObject({ id: `${url(1)}/gazette` })
    expect(await verified(folder.path)).toMatchObject({ ok: true, transfers: 0 })
  })

  test.each([
    ['an e-mail that is none', ['--domain', 'example.com', '--email', 'operator']],
    ['a domain that is none', ['--domain', 'exa mple', '--email', 'operator@example.com']],
    ['a currency that is none', ['--domain', 'example.com', '--email', 'operator@example.com', '--currency', 'euro']],
    ['a host path that is none', ['--domain', 'example.com', '--email', 'operator@example.com', '--host-path', 'The Gazette']],
    ['a rate that is none', ['--domain', 'example.com', '--email', 'operator@example.com', '--rate', '0']],
  ])('is not written with %s', async (_what, options) => {
    await using folder = await sharedFolder()
    const { status, stderr } = await rivulet(['init', ...options, '--data', folder.path])
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringMatching(/^rivulet: .*\([a-z-]+\)\n$/m) as string })
    // The next try starts afresh.
    expect(await rivulet(['init', '--domain', 'example.com', '--email', 'operator@example.com', '--data', folder.path])).toMatchObject({ status: 0 })
  })
})
