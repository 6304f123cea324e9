import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { buildClientScript } from '@rivulet/client-script'
import { launchChromium, type TestBrowser } from './chromium.ts'
import { ScriptedWallet } from './scripted-wallet.ts'

let chromium: TestBrowser
let wallet: ScriptedWallet

beforeAll(async () => {
  await buildClientScript()
  chromium = await launchChromium()
})
beforeEach(async () => {
  wallet = await ScriptedWallet.start()
})
afterEach(() => wallet[Symbol.asyncDispose]())
afterAll(() => chromium[Symbol.asyncDispose]())

test('a link gets `load`, and a bubbling event for a payment', async () => {
  const page = await chromium.context.newPage()
  await page.goto(wallet.page('/', { head: '<link id="a" rel="monetization" href="https://wallet.example/alice">' }))
  const start = await wallet.next('start')
  expect(start.pointer).toBe('https://wallet.example/alice')
  wallet.pay(start.requestId)
  await page.waitForFunction('log.length === 2')
  expect(await page.evaluate('log.map(([type, id, event]) => [type, id, event.amountSent?.value])')).toEqual([
    ['load', 'a', undefined],
    ['monetization', 'a', '0.000100000'],
  ])
  await page.close()
})
