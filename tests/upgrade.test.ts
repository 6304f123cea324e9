/** What an older release has written is brought up to date by this one: its books stay right, its people are known, and money goes on. */
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { answerOf, balanceOf, verified } from './support/books.ts'
import { dataFolder, rivulet, Server } from './support/product.ts'

/**
 * A folder for each release whose schema was the last before a step: `rivulet.backup` and `secrets.json` of a sandbox in which alice paid mara for three seconds, has
 * a client's key, and ben was paying tomas when the wallet was killed; and `balances.json`, what `rivulet balance` then said. To add one, make such a sandbox
 * with the release and put the files here: nothing below changes.
 */
const releases = join(import.meta.dirname, 'releases')

interface Before {
  readonly posted: string
  readonly pending: string
  readonly accrued: string
}

describe.each(readdirSync(releases))('the backup of %s', (release) => {
  test('is restored, proven, and paid from, to the unit', async () => {
    using folder = dataFolder()
    const from = join(releases, release)
    const before = JSON.parse(readFileSync(join(from, 'balances.json'), 'utf8')) as Record<'alice' | 'ben' | 'mara' | 'tomas', Before>
    cpSync(join(from, 'secrets.json'), join(folder.path, 'secrets.json'))
    expect(await rivulet(['restore', join(from, 'rivulet.backup'), '--data', folder.path])).toMatchObject({ status: 0, stderr: expect.stringContaining('The books are right.') as string })
    for (const [name, balance] of Object.entries(before)) expect(await balanceOf(name, folder.path)).toMatchObject(balance)

    await using product = await Server.start(['up', '--port', '0', '--data', folder.path])
    // What was in doubt when the old wallet was killed is settled by the new one.
    await expect.poll(() => verified(folder.path), { timeout: 120_000 }).toMatchObject({ ok: true, streamsOpen: 0, streamsInDoubt: 0 })
    const [ben, tomas] = [await balanceOf('ben', folder.path), await balanceOf('tomas', folder.path)]
    const received = BigInt(tomas.posted) + BigInt(tomas.accrued)
    expect(received).toBeGreaterThan(0n)
    expect(ben).toMatchObject({ posted: String(5_000_000_000n - received), pending: '0', accrued: '0' })
    const { sent } = await answerOf<{ sent: { value: string } }>(['stream', `${product.ready.receiver}/mara`, '--seconds', '2', '--data', folder.path])
    expect(BigInt(sent.value)).toBeGreaterThan(0n)
    expect(await product.end('SIGTERM')).toBe(0)
    expect(await verified(folder.path)).toMatchObject({ ok: true, problems: [] })
    expect(await balanceOf('alice', folder.path)).toMatchObject({ posted: String(BigInt(before.alice.posted) - BigInt(sent.value)), pending: '0', accrued: '0' })
    expect(await balanceOf('mara', folder.path)).toMatchObject({ posted: String(BigInt(before.mara.posted) + BigInt(sent.value)) })
  })
})
