/** How a page offers its visitor to connect, and how a code travels; in a real Chromium. The wallet's pages are scripted. */
import type { Page } from 'playwright-core'
import { beforeEach, expect, test } from 'vitest'
import { link, useScriptPage } from './script-page.ts'
import { clickAway, until } from './until.ts'

const at = useScriptPage()
const tag = (place: string): string => `<script src="${at.wallet.walletUrl}/monetize.js" data-rivulet-button="${place}"></script>`
const button = (page: Page): ReturnType<Page['getByRole']> => page.getByRole('button', { name: 'Support this site' })

beforeEach(() => {
  at.wallet.connected = false
})

test('an unconnected visitor is offered a button with a name, a click opens the popup, and after it paying starts without a reload', async () => {
  const page = await at.open({ head: `${link}<script>window.states = []; document.addEventListener('rivulet', ({ detail }) => states.push(detail.state))</script>` })
  await page.evaluate('window.sameDocument = true')
  const [popup] = await Promise.all([page.waitForEvent('popup'), button(page).click()])
  await popup.waitForURL(`${at.wallet.walletUrl}/connect?challenge=a-challenge#return=${encodeURIComponent(page.url())}`)
  await clickAway(popup, popup.getByRole('button', { name: 'Agree' }))
  await at.wallet.next('attach', 1)
  const { requestId } = await at.wallet.next('start', 1)
  at.wallet.pay(requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.evaluate('[sameDocument, document.querySelector("rivulet-button"), states]')).toEqual([true, null, ['unconnected', 'connecting', 'paying']])
  const site = at.wallet.siteUrl
  expect(at.wallet.posted).toEqual([{ path: '/agent/challenges', body: { site } }, { path: '/agent/redeem', body: { site, code: 'good-code' } }])
})

test('the cookies of the agent reach the wallet’s socket, and the page can read no credential', async () => {
  const page = await at.open({ head: link })
  const [popup] = await Promise.all([page.waitForEvent('popup'), button(page).click()])
  await clickAway(popup, popup.getByRole('button', { name: 'Agree' }))
  await at.wallet.next('attach', 1)
  expect(at.wallet.received.filter(({ message }) => message.type === 'attach').map(({ cookie }) => cookie.includes('token=secret'))).toEqual([false, true])
  expect(await page.evaluate(`({ cookie: document.cookie, local: localStorage.length, session: sessionStorage.length, globals: Object.keys(window).filter((name) => /rivulet|token|code/i.test(name)) })`)).toEqual({ cookie: '', local: 0, session: 0, globals: [] })
})

test('a connected visitor sees no button', async () => {
  at.wallet.connected = true
  const page = await at.open({ head: link })
  await until(page, 'log.length > 0')
  at.wallet.pay((await at.wallet.next('start')).requestId)
  await until(page, 'log.length > 1')
  expect(await page.evaluate('document.querySelector("rivulet-button")')).toBe(null)
})

test('a page where every pointer fails offers no button', async () => {
  at.wallet.answer = ({ requestId }) => [{ type: 'failed', requestId, code: 'pointer-not-found', message: 'no such wallet address' }]
  const page = await at.open({ head: link })
  await until(page, 'log.length > 0')
  await until(page, 'document.querySelector("rivulet-button") === null')
  expect(await page.evaluate('document.querySelector("script[data-rivulet-state]").dataset.rivuletState')).toBe('error')
})

test('the button is reached and hidden with the keyboard, and stays hidden', async () => {
  const page = await at.open({ head: link })
  await button(page).waitFor()
  await page.keyboard.press('Tab')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await until(page, 'document.querySelector("rivulet-button") === null')
  at.wallet.say({ type: 'attached', connected: false })
  await page.evaluate('document.body.append("a change")')
  expect(await page.evaluate('document.querySelector("rivulet-button")')).toBe(null)
})

test('it speaks French to a browser that prefers French', async () => {
  const context = await at.chromium.browser.newContext({ locale: 'fr-FR' })
  const page = await context.newPage()
  await page.goto(at.wallet.page('/french', { head: link }))
  await page.getByRole('button', { name: 'Soutenir ce site' }).waitFor()
  await page.getByRole('button', { name: 'Masquer' }).waitFor()
  expect(await page.evaluate('document.querySelector("rivulet-button").lang')).toBe('fr')
  await context.close()
})

test('a page places the button, or has none of it and opens the popup from its own', async () => {
  const placed = await at.open({ head: link, body: '<nav id="here"></nav>', script: tag('#here') })
  await button(placed).waitFor()
  expect(await placed.evaluate('[document.querySelector("rivulet-button").parentNode.id, getComputedStyle(document.querySelector("rivulet-button")).position]')).toEqual(['here', 'static'])
  const own = await at.open({ head: link, body: '<button data-rivulet-connect><b>Join</b></button>', script: tag('none') })
  await until(own, 'document.querySelector("script[data-rivulet-state=unconnected]") !== null')
  expect(await own.evaluate('document.querySelector("rivulet-button")')).toBe(null)
  const [popup] = await Promise.all([own.waitForEvent('popup'), own.getByText('Join').click()])
  await popup.waitForURL(/\/connect\?challenge=a-challenge/)
})

test('a code comes back in the address too: it leaves the address bar at once, and the rest of the entry stays', async () => {
  const page = await at.open({ head: `${link}<script>window.hashAfterScript = location.hash</script>` })
  const address = page.url()
  await page.goto('about:blank')
  await page.goto(`${address}?q=1#rivulet-code=good-code`)
  expect(await page.evaluate('[hashAfterScript, location.href, history.length > 1]')).toEqual(['', `${address}?q=1`, true])
  await expect.poll(() => at.wallet.posted).toEqual([{ path: '/agent/redeem', body: { site: at.wallet.siteUrl, code: 'good-code' } }])
  await until(page, 'document.querySelector("rivulet-button") === null')
})

test('an opener that is out of reach is no obstacle: the popup goes back to the page with the code', async () => {
  const page = await at.open({ head: link, headers: { 'cross-origin-opener-policy': 'same-origin' } })
  const [popup] = await Promise.all([at.chromium.context.waitForEvent('page'), button(page).click()])
  await popup.waitForURL(/\/connect\?challenge=a-challenge/)
  await popup.getByRole('button', { name: 'Agree' }).click()
  await popup.waitForURL(page.url())
  await expect.poll(() => at.wallet.posted.at(-1)).toEqual({ path: '/agent/redeem', body: { site: at.wallet.siteUrl, code: 'good-code' } })
})

test('a code that is refused leaves the button where it was', async () => {
  const page = await at.open({ head: link })
  const address = page.url()
  await page.goto('about:blank')
  const refusal = page.waitForEvent('console', (message) => message.text().includes('this code was used already'))
  await page.goto(`${address}#rivulet-code=used-code`)
  await refusal
  await button(page).waitFor()
  expect(await page.evaluate('document.querySelector("script[data-rivulet-state]").dataset.rivuletState')).toBe('unconnected')
})

test('a code from anyone but the popup of the wallet is not taken', async () => {
  const page = await at.open({ head: link, body: '<iframe id="stranger" srcdoc="x"></iframe>' })
  await button(page).waitFor()
  await page.evaluate(`{
    postMessage({ type: 'rivulet:code', code: 'good-code' }, '*')
    const script = document.getElementById('stranger').contentDocument.createElement('script')
    script.textContent = "parent.postMessage({ type: 'rivulet:code', code: 'good-code' }, '*')"
    document.getElementById('stranger').contentDocument.body.append(script)
  }`)
  // What is posted to the agent afterwards arrives afterwards.
  const [popup] = await Promise.all([page.waitForEvent('popup'), button(page).click()])
  await popup.waitForURL(/\/connect/)
  expect(at.wallet.posted.map(({ path }) => path)).toEqual(['/agent/challenges'])
})

test('the agent answers only the page that embeds it, for the origin that the browser tells', async () => {
  const page = await at.open({ body: 'no tag here' })
  await page.evaluate(`new Promise((done) => {
    const frame = Object.assign(document.createElement('iframe'), { src: ${JSON.stringify(at.wallet.walletUrl)} + '/agent', onload: done })
    document.body.append(frame)
    window.frame = frame
  })`)
  await page.evaluate(`{
    const { port1, port2 } = new MessageChannel()
    window.port = port1
    frame.contentWindow.postMessage({ type: 'rivulet:hello', visible: true, site: 'https://victim.example' }, '*', [port2])
    port1.postMessage({ type: 'start', requestId: 'r', pointer: 'https://wallet.example/alice', site: 'https://victim.example' })
  }`)
  expect(await at.wallet.next('attach')).toEqual({ type: 'attach', site: at.wallet.siteUrl, visible: true, shownForMs: expect.any(Number) as number })
  expect(await at.wallet.next('start')).toEqual({ type: 'start', requestId: 'r', pointer: 'https://wallet.example/alice' })
})
