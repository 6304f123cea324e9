import { expect, test } from 'vitest'
import { returnAddress, withCode } from './connect-return.ts'

const site = 'https://news.example'
const fragment = (address: string): string => `#${new URLSearchParams({ return: address }).toString()}`

test('a page of the site is the way back, and carries the code in its fragment only', () => {
  const address = returnAddress(fragment('https://news.example/a?b=1#part'), site)
  expect(address === undefined ? '' : withCode(address, 'c+/d')).toBe('https://news.example/a?b=1#rivulet-code=c%2B%2Fd')
})

test.each(['https://other.example/', 'https://news.example.other.example/', 'http://news.example/', 'https://news.example:8443/', 'https://user@other.example/', 'javascript:alert(1)', '//news.example/', 'blob:https://news.example/x', ''])(
  '%j is no way back',
  (address) => expect(returnAddress(fragment(address), site)).toBeUndefined(),
)

test('without a fragment there is no way back', () => expect(returnAddress('', site)).toBeUndefined())
