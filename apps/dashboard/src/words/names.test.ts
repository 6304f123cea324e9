import { describe, expect, test } from 'vitest'
import { pointerParts, shortPointer, shortSite } from './names.ts'

describe('names of addresses', () => {
  test.each([
    ['https://pay.example/ben', '$pay.example/ben'],
    ['https://pay.example/.well-known/pay', '$pay.example'],
    ['http://localhost:4001/ben', 'http://localhost:4001/ben'],
  ])('the pointer %s is written %s', (pointer, text) => expect(shortPointer(pointer)).toBe(text))

  test.each([
    ['https://pay.example/ben', 'ben', 'pay.example'],
    ['https://pay.example/team/ben', 'team/ben', 'pay.example'],
    ['http://localhost:4001/ben', 'ben', 'localhost:4001'],
    ['https://pay.example/.well-known/pay', 'pay.example', ''],
    ['https://pay.example/', 'pay.example', ''],
    ['somebody', 'somebody', ''],
    ['', '', ''],
  ])('the pointer %s is told by %j at %j', (pointer, name, host) => expect(pointerParts(pointer)).toEqual({ name, host }))

  test('a site that is not https says so', () => expect([shortSite('https://a.example'), shortSite('http://a.example')]).toEqual(['a.example', 'http://a.example']))
})
