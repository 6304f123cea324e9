import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type PageView, type PayerView, permitsOf } from './attention.ts'

const payer: PayerView = { standstill: undefined, rate: 100_000n }
const page: PageView = { attentive: true, shownMs: 1, links: 1, blocked: false, capReached: false, rate: undefined }

const table: readonly [string, PayerView, readonly PageView[], readonly object[]][] = [
  ['one visible page pays at the full rate', payer, [page], [{ rate: 100_000n }]],
  ['three links share the rate equally', payer, [{ ...page, links: 3 }], [{ rate: 33_333n }]],
  ['the page shown last pays, the other waits', payer, [page, { ...page, shownMs: 2 }], [{ reason: 'other-page' }, { rate: 100_000n }]],
  ['a hidden page lets the other go on', payer, [page, { ...page, shownMs: 2, attentive: false }], [{ rate: 100_000n }, { reason: 'hidden' }]],
  ['a page without links keeps nobody from paying', payer, [page, { ...page, shownMs: 2, links: 0 }], [{ rate: 100_000n }, { reason: 'other-page' }]],
  ['a blocked page is never paid and keeps nobody from paying', payer, [page, { ...page, shownMs: 2, blocked: true }], [{ rate: 100_000n }, { reason: 'site-blocked' }]],
  ['a page of a site with a rate of its own pays at that', payer, [{ ...page, links: 2, rate: 30_001n }], [{ rate: 15_000n }]],
  ['a page at its cap is not paid', payer, [{ ...page, capReached: true }], [{ reason: 'site-cap-reached' }]],
  ['a paused wallet pays nobody', { ...payer, standstill: 'wallet-paused' }, [page, { ...page, attentive: false }], [{ reason: 'wallet-paused' }, { reason: 'wallet-paused' }]],
]

test.each(table)('%s', (_name, who, pages, permits) => expect(permitsOf(who, pages)).toEqual(permits))

test('all that is paid at once never exceeds the rate, and comes from one page', () => {
  const anyPage = fc.record({ attentive: fc.boolean(), shownMs: fc.nat(9), links: fc.nat(10), blocked: fc.boolean(), capReached: fc.boolean(), rate: fc.constant(undefined) })
  fc.assert(
    fc.property(fc.bigInt(1n, 10n ** 9n), fc.array(anyPage, { maxLength: 12 }), (rate, pages) => {
      const permits = permitsOf({ standstill: undefined, rate }, pages)
      const paying = pages.flatMap(({ links }, index) => {
        const permit = permits[index]
        return permit !== undefined && 'rate' in permit ? [permit.rate * BigInt(links)] : []
      })
      const someMay = pages.some(({ attentive, links, blocked, capReached }) => attentive && links > 0 && !blocked && !capReached)
      expect(paying).toHaveLength(someMay ? 1 : 0)
      expect(paying.every((paid) => paid <= rate && paid > rate - 10n)).toBe(true)
    }),
  )
})
