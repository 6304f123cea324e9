/** The legacy API, as Coil had it, in a real Chromium: the rules of the checklist's second part. The wallet's answers are scripted. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { alice, link, useScriptPage } from './script-page.ts'
import { until } from './until.ts'

const at = useScriptPage()
const meta = '<meta name="monetization" content="$wallet.example/alice">'
const listen = `<script>
  window.told = []
  for (const name of ['pending', 'start', 'progress', 'stop']) {
    document.monetization.addEventListener('monetization' + name, ({ detail }) => told.push([name, document.monetization.state, detail]))
  }
</script>`

const names = (page: Page): Promise<unknown> => page.evaluate('told.map(([name, state]) => name + " " + state)')

test('(L1, L2) the first meta tag in the head counts; its pointer is resolved', async () => {
  await at.open({ head: `${meta}<meta name="monetization" content="$wallet.example/second">`, body: '<meta name="monetization" content="$wallet.example/body">' })
  expect((await at.wallet.next('start')).pointer).toBe(alice)
  expect(at.wallet.all('start')).toHaveLength(1)
})

test('(L1) where there is a link, meta tags do not count', async () => {
  const page = await at.open({ head: `<meta name="monetization" content="$wallet.example/meta">${link}` })
  await at.wallet.next('start')
  await page.evaluate(`document.getElementById('a').remove()`)
  expect((await at.wallet.next('start', 1)).pointer).toBe('https://wallet.example/meta')
  expect(at.wallet.all('start').map(({ pointer }) => pointer)).toEqual([alice, 'https://wallet.example/meta'])
})

test('(L3) document.monetization is there from the start, stopped, also without a tag', async () => {
  const page = await at.open({ head: '<script>window.first = document.monetization.state</script>' })
  expect(await page.evaluate('[first, document.monetization.state, document.monetization instanceof EventTarget]')).toEqual(['stopped', 'stopped', true])
})

test.each([
  ['meta tag', meta, '$wallet.example/alice'],
  ['link', link, alice],
])('(L4, L5) for a %s: pending, start, then progress, each with its detail', async (_kind, tag, paymentPointer) => {
  const page = await at.open({ head: `${tag}${listen}` })
  const { requestId } = await at.wallet.next('start')
  at.wallet.pay(requestId)
  at.wallet.pay(requestId)
  await until(page, 'told.length === 4')
  const common = { paymentPointer, requestId }
  const progress = { ...common, amount: '108', assetCode: 'USD', assetScale: 6, receipt: 'AQID' }
  expect(await page.evaluate('told')).toEqual([['pending', 'pending', common], ['start', 'started', common], ['progress', 'started', progress], ['progress', 'started', progress]])
})

test('(L5) a visitor who is not connected sees no event', async () => {
  at.wallet.connected = false
  const page = await at.open({ head: `${meta}${listen}` })
  await until(page, 'document.querySelector("rivulet-button") !== null')
  await page.evaluate('document.querySelector("meta[name=monetization]").remove()')
  await at.wallet.next('stop')
  expect(await page.evaluate('[told, document.monetization.state]')).toEqual([[], 'stopped'])
})

test('(L4) hiding stops, not for good, and showing begins again under the same id; removing then stops for good', async () => {
  const page = await at.open({ head: `${meta}${listen}` })
  const { requestId } = await at.wallet.next('start')
  at.wallet.pay(requestId)
  await until(page, 'told.length === 3')
  await at.chromium.hide(page)
  await until(page, 'told.length === 4')
  await at.chromium.show(page)
  await until(page, 'told.length === 5')
  at.wallet.pay(requestId)
  await until(page, 'told.length === 7')
  await page.evaluate('document.querySelector("meta[name=monetization]").remove()')
  await until(page, 'told.length === 8')
  expect(await names(page)).toEqual(['pending pending', 'start started', 'progress started', 'stop stopped', 'pending pending', 'start started', 'progress started', 'stop stopped'])
  expect(await page.evaluate('told.filter(([name]) => name === "stop").map(([, , detail]) => detail.finalized)')).toEqual([false, true])
  expect(await page.evaluate('new Set(told.map(([, , detail]) => detail.requestId)).size')).toBe(1)
})

test('(L5) stop comes twice when a pause is followed by the removal of the tag', async () => {
  const page = await at.open({ head: `${meta}${listen}` })
  const { requestId } = await at.wallet.next('start')
  at.wallet.pay(requestId)
  at.wallet.say({ type: 'paused', requestId, reason: 'other-page' })
  await until(page, 'told.length === 4')
  await page.evaluate('document.querySelector("meta[name=monetization]").remove()')
  await until(page, 'told.length === 5')
  expect(await page.evaluate('told.slice(3).map(([name, , detail]) => [name, detail.finalized])')).toEqual([['stop', false], ['stop', true]])
})

test('(L6, L8) another content ends the request for good and begins one under a new id, a UUID of version 4', async () => {
  const page = await at.open({ head: `${meta}${listen}` })
  const first = await at.wallet.next('start')
  at.wallet.pay(first.requestId)
  await until(page, 'told.length === 3')
  await page.evaluate('document.querySelector("meta[name=monetization]").content = "$wallet.example/bob"')
  const second = await at.wallet.next('start', 1)
  expect(second.pointer).toBe('https://wallet.example/bob')
  expect(second.requestId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(await at.wallet.next('stop')).toEqual({ type: 'stop', requestId: first.requestId, final: true })
  await until(page, 'told.length === 5')
  expect(await page.evaluate('told.slice(3).map(([name, , detail]) => [name, detail.requestId, detail.finalized])')).toEqual([['stop', first.requestId, true], ['pending', second.requestId, undefined]])
})

test('(L8) a tag that is added later counts, and one whose pointer is wrong gets an error', async () => {
  const page = await at.open({ head: listen })
  await page.evaluate(`document.head.insertAdjacentHTML('beforeend', '<meta name="monetization" content="$wallet.example/alice?x">')`)
  await until(page, 'document.querySelector("script[data-rivulet-state=error]") !== null')
  await page.evaluate('document.querySelector("meta[name=monetization]").content = "$wallet.example/alice"')
  expect((await at.wallet.next('start')).pointer).toBe(alice)
})

test('(L1) in a frame a meta tag does not count', async () => {
  const inner = at.wallet.page('/inner', { head: '<meta name="monetization" content="$wallet.example/inner">' })
  await at.open({ head: meta, body: `<iframe src="${inner}"></iframe>` })
  expect((await at.wallet.next('start')).pointer).toBe(alice)
  expect(at.wallet.all('start')).toHaveLength(1)
})
