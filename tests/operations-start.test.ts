/** What stops a start: each says what to change, and leaves what is there as it was. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { balanceOf, guestLedger, verified } from './support/books.ts'
import { freeBasePort } from './support/ports.ts'
import { dataFolder, rivulet, Server } from './support/product.ts'

interface Refused {
  readonly status: number | null
  readonly code: string | undefined
  readonly stderr: string
}

async function refused(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Refused> {
  const { status, stderr } = await rivulet(args, environment)
  return { status, code: /\(([a-z-]+)\)\s*$/.exec(stderr)?.[1], stderr: stderr.replaceAll('\n', ' ') }
}

const saying = (code: string, says: RegExp): Refused => ({ status: 1, code, stderr: expect.stringMatching(says) as string })

describe('a start is refused', () => {
  test.each([0, 3])('when port N+%i is in use: the port is named, and nothing was begun', async (offset) => {
    using folder = dataFolder()
    const port = await freeBasePort()
    const taken = createServer().listen(port + offset, '127.0.0.1')
    await once(taken, 'listening')
    const name = ['wallet', 'receiver', 'operator', 'demo'][offset] ?? ''
    expect(await refused(['up', '--port', String(port), '--data', folder.path])).toEqual(saying('port-in-use', new RegExp(`port ${port + offset} for the ${name} is in use: stop what uses it, or start with --port`)))
    taken.close()
    expect(existsSync(join(folder.path, 'postgres'))).toBe(false)
  })

  test('on a data folder of another PostgreSQL, which stays as it was', async () => {
    using folder = dataFolder()
    const cluster = join(folder.path, 'postgres')
    mkdirSync(cluster)
    writeFileSync(join(cluster, 'rivulet-initialised'), '16\n')
    writeFileSync(join(cluster, 'PG_VERSION'), '16\n')
    for (const command of ['up', 'verify']) {
      expect(await refused([command, ...(command === 'up' ? ['--port', '0'] : []), '--data', folder.path])).toEqual(saying('data-folder-of-another-version', /written by PostgreSQL 16, this is 18: back it up with the version that wrote it/))
    }
    expect(readFileSync(join(cluster, 'PG_VERSION'), 'utf8')).toBe('16\n')
  })

  test('on a folder where something else keeps files under the same name, and none of them is touched', async () => {
    using folder = dataFolder()
    mkdirSync(join(folder.path, 'postgres'))
    writeFileSync(join(folder.path, 'postgres', 'precious'), 'data')
    expect(await refused(['up', '--port', '0', '--data', folder.path])).toEqual(saying('data-folder-foreign', /that Rivulet did not make: name another folder with --data/))
    expect(readFileSync(join(folder.path, 'postgres', 'precious'), 'utf8')).toBe('data')
  })

  test.each([
    ['no JSON', 'rivulet.json', '{"publicUrls":', /rivulet\.json is not readable JSON/],
    ['a field that nobody knows', 'rivulet.json', JSON.stringify({ colour: 'blue' }), /publicUrls: .*colour/],
    ['a URL that is none', 'rivulet.json', JSON.stringify({ publicUrls: { wallet: 'ftp://a', receiver: 'https://b.example', operator: 'https://c.example' }, ilpAddress: 'g.a' }), /publicUrls\.wallet/],
    ['secrets of another form', 'secrets.json', JSON.stringify({ auth: 'short' }), /auth: must be 32 bytes in base64url/],
  ])('by a configuration with %s', async (_what, file, content, says) => {
    using folder = dataFolder()
    writeFileSync(join(folder.path, file), content)
    expect(await refused(['up', '--port', '0', '--data', folder.path])).toEqual(saying('config-invalid', says))
  })

  test('by a configuration whose secrets are gone', async () => {
    using folder = dataFolder()
    const file = { publicUrls: { wallet: 'https://a.example', receiver: 'https://b.example', operator: 'https://c.example' }, ilpAddress: 'g.rivulet' }
    writeFileSync(join(folder.path, 'rivulet.json'), JSON.stringify(file))
    expect(await refused(['up', '--port', '0', '--data', folder.path])).toEqual(saying('config-missing', /secrets\.json is missing: copy it from the machine where/))
  })

  test.each([
    ['a port that is none', ['--port', 'many'], {}, /--port: /],
    ['a port too high for four', ['--port', '65535'], {}, /--port: /],
    ['a link that nobody knows', ['--link', 'pigeon'], {}, /--link: /],
    ['one file of two for TLS', ['--tls', 'cert.pem'], {}, /--tls takes two files/],
    ['a DATABASE_URL that is none', [], { DATABASE_URL: 'mysql://localhost' }, /the environment: DATABASE_URL: /],
    ['a log level that is none', [], { RIVULET_LOG: 'loud' }, /the environment: RIVULET_LOG: /],
  ])('with %s', async (_what, options, environment, says) => {
    using folder = dataFolder()
    expect(await refused(['up', ...options, '--data', folder.path], environment)).toEqual(saying('config-invalid', says))
  })

  test('of one role without a fixed port', async () => {
    using folder = dataFolder()
    expect(await refused(['wallet', '--port', '0', '--data', folder.path])).toEqual(saying('config-invalid', /needs a fixed --port/))
  })

  test('with a database that does not answer', async () => {
    using folder = dataFolder()
    expect(await refused(['wallet', '--port', String(await freeBasePort()), '--data', folder.path], { DATABASE_URL: 'postgresql://nobody:x@127.0.0.1:9/none' })).toEqual(saying('database-unreachable', /does not answer/))
  })

  test.each([
    ['an unknown option', ['up', '--fast'], /unknown option '--fast'/],
    ['an unknown command', ['fly'], /unknown command 'fly'/],
    ['a missing argument', ['balance'], /missing required argument 'name'/],
    ['an argument too many', ['verify', 'me'], /too many arguments/],
  ])('with %s, and the help is pointed to', async (_what, args, says) => {
    const { status, stderr } = await rivulet(args)
    expect(status).toBe(1)
    expect(stderr).toMatch(says)
    expect(stderr).toContain('(see rivulet --help)')
  })
})

test('--help lists every command, and commands have a help of their own', async () => {
  const { status, stdout } = await rivulet(['--help'])
  expect(status).toBe(0)
  const commands = ['up', 'wallet', 'receiver', 'operator', 'init', 'stream', 'balance', 'keys', 'verify', 'backup', 'restore']
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
  for (const command of ['init', 'stream', 'restore']) {
    const help = await rivulet([command, '--help'])
    expect(help).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining(`Usage: rivulet ${command}`) as string })
  }
})

describe('a folder that a Rivulet runs on', () => {
  const resources = new AsyncDisposableStack()
  let folder: string
  let product: Server

  beforeAll(async () => {
    folder = resources.use(dataFolder()).path
    product = resources.use(await Server.start(['up', '--port', '0', '--data', folder]))
  })
  afterAll(() => resources.disposeAsync())

  test('takes no second one, and the first goes on', async () => {
    expect(await refused(['up', '--port', '0', '--data', folder])).toEqual(saying('data-folder-in-use', /another Rivulet runs on this data folder: stop it, or name another folder/))
    expect(product.isRunning).toBe(true)
    expect((await fetch(`${product.ready.wallet}/readyz`)).status).toBe(200)
    expect(await balanceOf('alice', folder)).toMatchObject({ posted: '5000000000' })
  })

  test('keeps its secrets to its owner', () => {
    for (const file of ['secrets.json', 'postgres.password', 'running.json']) expect({ file, mode: statSync(join(folder, file)).mode & 0o777 }).toEqual({ file, mode: 0o600 })
  })

  test('is not touched by an older Rivulet once a newer one has written to it', async () => {
    await using guest = await guestLedger({ folder })
    await guest.postgres.pool.query(`INSERT INTO public.schema_step (schema, step, name, digest) VALUES ('ledger', 99, 'of the future', 'x')`)
    for (const command of [['verify'], ['balance', 'alice']]) expect(await refused([...command, '--data', folder])).toEqual(saying('schema-newer', /which this version does not know: run the version that wrote it, or a newer one/))
    await guest.postgres.pool.query(`DELETE FROM public.schema_step WHERE step = 99`)
    expect(await verified(folder)).toMatchObject({ ok: true })
  })
})
