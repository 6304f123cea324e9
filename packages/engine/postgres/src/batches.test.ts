import { expect, test } from 'vitest'
import { Batches } from './batches.ts'

/** As `pg` throws what the database says. */
function refusal(code: string): Error {
  return Object.assign(new Error(`refused with ${code}`), { code })
}

function batches(work: (items: readonly number[]) => readonly string[]): { readonly asked: (readonly number[])[]; readonly add: (item: number) => Promise<string> } {
  const asked: (readonly number[])[] = []
  const all = new Batches<number, string>((items) => {
    asked.push(items)
    return Promise.resolve().then(() => work(items))
  }, 3)
  return { asked, add: (item) => all.add(item) }
}

test('who asks in the same turn shares a batch, as far as one goes', async () => {
  const { asked, add } = batches((items) => items.map(String))
  expect(await Promise.all([1, 2, 3, 4].map(add))).toEqual(['1', '2', '3', '4'])
  expect(asked).toEqual([[1, 2, 3], [4]])
})

test.each(['22021', '22P02', '23503', '23505'])('what the database does not take of one (%s) is refused to that one alone', async (code) => {
  const { asked, add } = batches((items) => {
    if (items.includes(2)) throw refusal(code)
    return items.map(String)
  })
  const settled = await Promise.allSettled([1, 2, 3].map(add))
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(asked).toEqual([[1, 2, 3], [1], [2], [3]])
})

test.each(['57014', '08006', 'ECONNRESET'])('after anything else (%s), which may have been written, nothing is tried again', async (code) => {
  const { asked, add } = batches(() => {
    throw refusal(code)
  })
  expect((await Promise.allSettled([1, 2].map(add))).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(asked).toEqual([[1, 2]])
})
