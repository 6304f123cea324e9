import { expect, test } from 'vitest'
import { authors } from './content/article.ts'
import { articles } from './content/index.ts'
import { articlePage, frontPage, missingPage } from './pages.ts'

const site = {
  walletUrl: 'https://wallet.example',
  pointers: { mara: 'https://pay.example/mara', tomas: 'https://pay.example/tomas', ines: 'https://pay.example/ines"><script>' },
}
const page = (slug: string, language: 'en' | 'fr' = 'en'): string => articlePage(site, language, slug) ?? ''

test.each([
  ['the-counted-river', 1, 0],
  ['three-voices-of-the-marsh', 3, 0],
  ['an-index-of-ferries', 0, 1],
  ['the-lamp-room', 1, 0],
  ['the-common-well', 0, 0],
])('%s has %i links and %i legacy tags, in both languages', (slug, links, metas) => {
  for (const language of ['en', 'fr'] as const) {
    expect(page(slug, language).split('<link rel="monetization"').length - 1).toBe(links)
    expect(page(slug, language).split('<meta name="monetization"').length - 1).toBe(metas)
    expect(page(slug, language)).toContain(`<html lang="${language}">`)
  }
})

test('the last of several links stands in the body', () => {
  const [head = '', body = ''] = page('three-voices-of-the-marsh').split('<body')
  expect([head, body].map((part) => part.split('rel="monetization"').length - 1)).toEqual([2, 1])
})

test('the legacy tag carries a payment pointer', () => expect(page('an-index-of-ferries')).toContain('content="$pay.example/tomas"'))

test('what is not markup is escaped', () => {
  expect(page('the-lamp-room')).toContain('ines&quot;&gt;&lt;script&gt;')
  expect(page('the-lamp-room')).not.toContain('ines"><')
})

test('every author is paid on some page, and every page leads to another', () => {
  const paid = articles.flatMap(({ tag }) => (tag.kind === 'links' ? tag.authors : tag.kind === 'legacy' ? [tag.author] : []))
  expect(new Set(paid)).toEqual(new Set(Object.keys(authors)))
  for (const { slug } of articles) expect(articles.some((other) => other.slug !== slug && page(slug).includes(`href="/en/${other.slug}"`))).toBe(true)
})

test('the front page leads to every article in its own language', () => {
  for (const { slug } of articles) expect(frontPage(site, 'fr')).toContain(`href="/fr/${slug}"`)
})

test('an unknown page says so', () => {
  expect(articlePage(site, 'en', '../secret')).toBe(undefined)
  expect(missingPage(site, 'fr')).toContain('Sous l’eau')
})
