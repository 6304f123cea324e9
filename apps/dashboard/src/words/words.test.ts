import { describe, expect, test } from 'vitest'
import { en } from './en.ts'
import { fr } from './fr.ts'
import { operatorEntranceEn } from './operator-entrance-en.ts'
import { publisherEntranceEn } from './publisher-entrance-en.ts'
import { walletEntranceEn } from './wallet-entrance-en.ts'
import { chooseLanguage, localeOf } from './words.ts'

interface Tree {
  readonly [key: string]: string | Tree
}

function* leaves(tree: Tree, path = ''): Generator<readonly [string, string]> {
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') yield [`${path}${key}`, value]
    else yield* leaves(value, `${path}${key}.`)
  }
}

const placeholders = (text: string): readonly string[] => [...text.matchAll(/\{\{\w+\}\}/g)].map(([name]) => name).toSorted()
const english = new Map(leaves({ ...en, ...operatorEntranceEn, ...publisherEntranceEn, ...walletEntranceEn }))
const french = new Map(leaves(fr))

describe('the words', () => {
  test('both languages have the same keys', () => {
    expect(english.size).toBeGreaterThan(100)
    expect([...french.keys()].toSorted()).toEqual([...english.keys()].toSorted())
  })

  test('no text is empty, and each has the same placeholders in both languages', () => {
    const wrong = [...english].filter(([key, text]) => {
      const other = french.get(key) ?? ''
      return text.trim() === '' || other.trim() === '' || placeholders(text).join() !== placeholders(other).join()
    })
    expect(wrong).toEqual([])
  })

  test('French is not left in English', () => {
    const same = [...english].filter(([key, text]) => french.get(key) === text).map(([key]) => key)
    expect(same.toSorted()).toEqual(['product', 'operator.perSecond', 'operator.columns.site', 'ways.webhooks', 'webhooks.title'].toSorted())
  })
})

test.each([
  [undefined, ['fr-CH', 'en'], 'fr'],
  [undefined, ['de', 'FR'], 'fr'],
  [undefined, ['de', 'it'], 'en'],
  [undefined, [], 'en'],
  ['en', ['fr'], 'en'],
  ['xx', ['fr'], 'fr'],
  ['constructor', ['de'], 'en'],
] as const)('chosen %s in a browser of %j speaks %s', (chosen, preferred, language) => expect(chooseLanguage(chosen, preferred)).toBe(language))

test('numbers follow the reader’s own variety of the language', () => {
  expect(localeOf('fr', ['en-US', 'fr-CH'])).toBe('fr-CH')
  expect(localeOf('fr', ['en-US'])).toBe('fr')
  expect(localeOf('en', ['en-US@posix', 'en-GB'])).toBe('en-GB')
  expect(localeOf('en', ['en-US@posix'])).toBe('en')
})
