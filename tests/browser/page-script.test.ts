/**
 * monetize.js, row by row of the checklist of a Web Monetization client. The number in a test's name is that of the row: 1-7 interfaces,
 * 8-20 links, 21-23 events, 24-25 policy, 26-30 visibility; L1-L9 are the legacy API. The wallet's answers are scripted, all else is real.
 */
import { expect, test } from 'vitest'
import { alice, link, useScriptPage } from './script-page.ts'
import { until } from './until.ts'

const at = useScriptPage()

test('(1) relList.supports says yes for monetization, of links only', async () => {
  const page = await at.open({})
  expect(await page.evaluate(`[
    document.createElement('link').relList.supports('monetization'), document.createElement('link').relList.supports('MONETIZATION'),
    document.createElement('link').relList.supports('stylesheet'), document.createElement('link').relList.supports('nonsense'),
    document.createElement('a').relList.supports('monetization'),
  ]`)).toEqual([true, true, true, false, false])
})

test('(2, 3, 4) MonetizationEvent and MonetizationCurrencyAmount have the shape of the specification', async () => {
  const page = await at.open({})
  expect(await page.evaluate(`{
    const init = { amount: '1', assetCode: 'USD', assetScale: 6, receipt: null, amountSent: { value: '0.01', currency: 'EUR' }, paymentPointer: 'https://w.example/a', incomingPayment: null }
    const event = new MonetizationEvent('monetization', { ...init, bubbles: true })
    const attempt = (make) => { try { make(); return 'fine' } catch (error) { return error.constructor.name } }
    const { amountSent, ...same } = Object.fromEntries(Object.keys(init).map((name) => [name, event[name]]));
    ({
      names: [MonetizationEvent.name, MonetizationCurrencyAmount.name, amountSent.constructor.name], amountSent: [amountSent.value, amountSent.currency], same,
      event: [event instanceof Event, event.bubbles, event.cancelable, event.type, 'amountSent' in MonetizationEvent.prototype],
      missing: Object.keys(init).map((name) => attempt(() => new MonetizationEvent('monetization', { ...init, [name]: undefined }))),
      bare: attempt(() => new MonetizationEvent('monetization')), constructor: attempt(() => new MonetizationCurrencyAmount('0.01', 'EUR')),
      readonly: attempt(() => { 'use strict'; amountSent.value = '5' }),
    })
  }`)).toEqual({
    names: ['MonetizationEvent', 'MonetizationCurrencyAmount', 'MonetizationCurrencyAmount'], amountSent: ['0.01', 'EUR'],
    same: { amount: '1', assetCode: 'USD', assetScale: 6, receipt: null, paymentPointer: 'https://w.example/a', incomingPayment: null },
    event: [true, true, false, 'monetization', true], missing: Array(7).fill('TypeError'), bare: 'TypeError', constructor: 'TypeError', readonly: 'TypeError',
  })
})

test('(5) onmonetization is a handler of every element, of the document and of the window; what is no function becomes null', async () => {
  const page = await at.open({})
  expect(await page.evaluate(`[document.body, document.createElementNS('http://www.w3.org/2000/svg', 'svg'), document.createElementNS('http://www.w3.org/1998/Math/MathML', 'math'), document, window].map((target) => {
    const first = target.onmonetization
    const handler = () => {}
    target.onmonetization = handler
    const second = target.onmonetization === handler
    target.onmonetization = 'text'
    return [first, second, target.onmonetization]
  })`)).toEqual(Array(5).fill([null, true, null]))
})

test('(5, 8, 21) an event bubbles from the link through a media element to document and window, and this is the handler’s element', async () => {
  const page = await at.open({ body: `<video id="v">${link}</video>` })
  await page.evaluate(`{
    window.order = []
    for (const [name, target] of Object.entries({ link: document.getElementById('a'), video: document.getElementById('v'), document, window })) {
      target.onmonetization = function (event) { order.push([name, this === target, event.eventPhase === 3 || name === 'link']) }
    }
  }`)
  at.wallet.pay((await at.wallet.next('start')).requestId)
  await until(page, 'order.length > 0')
  expect(await page.evaluate('order')).toEqual(['link', 'video', 'document', 'window'].map((name) => [name, true, true]))
})

test('(5) a handler that is replaced is called once, one that is removed not at all', async () => {
  const page = await at.open({ head: link })
  await page.evaluate(`{ window.calls = []; document.onmonetization = () => calls.push('old'); document.onmonetization = () => calls.push('new'); window.onmonetization = () => calls.push('window'); window.onmonetization = null }`)
  at.wallet.pay((await at.wallet.next('start')).requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.evaluate('calls')).toEqual(['new'])
})

test('(6) onmonetization attributes are handlers, and follow their changes', async () => {
  const page = await at.open({ body: `<video id="v" onmonetization="calls.push(['attribute', event.amountSent.value, this.id])">${link}</video>`, head: '<script>window.calls = []</script>' })
  const { requestId } = await at.wallet.next('start')
  at.wallet.pay(requestId)
  await until(page, 'calls.length === 1')
  await page.evaluate(`document.getElementById('v').setAttribute('onmonetization', "calls.push('changed')")`)
  at.wallet.pay(requestId)
  await until(page, 'calls.length === 2')
  await page.evaluate(`document.getElementById('v').removeAttribute('onmonetization')`)
  at.wallet.pay(requestId)
  await until(page, 'log.filter(([type]) => type === "monetization").length === 3')
  expect(await page.evaluate('calls')).toEqual([['attribute', '0.000100000', 'v'], 'changed'])
})

test('(6) a page that forbids inline handlers forbids these too', async () => {
  const policy = `script-src 'unsafe-hashes' ${at.wallet.walletUrl} 'nonce-log'; frame-src ${at.wallet.walletUrl}`
  const page = await at.open({ headers: { 'content-security-policy': policy }, body: `<p onmonetization="document.title = 'ran'">${link}</p>` })
  at.wallet.pay((await at.wallet.next('start')).requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.title()).toBe('page')
})

test.each([
  ['the head', { head: link }],
  ['the body', { body: `<section>${link}</section>` }],
  ['an open shadow root', { body: `<div id="host"></div><script>host.attachShadow({ mode: 'open' }).innerHTML = '<b>${link}</b>'</script>` }],
  ['a closed shadow root', { body: `<div id="host"></div><script>host.attachShadow({ mode: 'closed' }).innerHTML = '${link}'</script>` }],
  ['a declared shadow root', { body: `<div><template shadowrootmode="open">${link}</template></div>` }],
  ['a shadow root that is filled before it is put into the page', { body: `<script>const host = document.createElement('div'); host.attachShadow({ mode: 'closed' }).innerHTML = '${link}'; addEventListener('load', () => setTimeout(() => document.body.append(host), 20))</script>` }],
])('(8) a link in %s is found', async (_where, source) => {
  await at.open(source)
  expect((await at.wallet.next('start')).pointer).toBe(alice)
})

test.each(['monetization', 'Monetization', 'monetization me', 'author\tMONETIZATION'])('(9) rel %j counts', async (rel) => {
  await at.open({ head: `<link rel="${rel}" href="${alice}">` })
  expect((await at.wallet.next('start')).pointer).toBe(alice)
})

test.each([
  ['a rel of another word', '<link rel="monetizations" href="https://wallet.example/x">'],
  ['(10) a type that is not JSON', '<link rel="monetization" type="text/html" href="https://wallet.example/x">'],
  ['(10) no href', '<link rel="monetization">'],
  ['(10) an empty href', '<link rel="monetization" href="">'],
  ['(17) disabled', '<link rel="monetization" disabled href="https://wallet.example/x">'],
])('a link with %s is left alone', async (_why, tag) => {
  const page = await at.open({ head: `${tag}${link}` })
  await at.wallet.next('start')
  await until(page, 'log.length > 0')
  expect(at.wallet.all('start').map(({ pointer }) => pointer)).toEqual([alice])
  expect(await page.evaluate('log.map(([type, id]) => [type, id])')).toEqual([['load', 'a']])
})

test.each([
  ['removing disabled', '<link id="a" rel="monetization" disabled href="https://wallet.example/alice">', 'a.removeAttribute("disabled")'],
  ['setting rel', '<link id="a" rel="author" href="https://wallet.example/alice">', 'a.rel = "monetization"'],
  ['setting href', '<link id="a" rel="monetization">', 'a.href = "https://wallet.example/alice"'],
  ['removing a type that does not fit', '<link id="a" rel="monetization" type="text/html" href="https://wallet.example/alice">', 'a.removeAttribute("type")'],
  ['inserting a link', '', 'a = Object.assign(document.createElement("link"), { rel: "monetization", href: "https://wallet.example/alice" }); document.body.append(a)'],
  ['inserting an ancestor of a link', '', 'a = document.createElement("div"); a.innerHTML = \'<p><link rel="monetization" href="https://wallet.example/alice"></p>\'; document.body.append(a)'],
])('(10) %s starts a link', async (_what, tag, change) => {
  const page = await at.open({ head: tag })
  await page.evaluate(`{ let a = document.getElementById('a'); ${change} }`)
  expect((await at.wallet.next('start')).pointer).toBe(alice)
})

test.each([
  ['removing it', 'a.remove()'],
  ['removing an ancestor', 'document.getElementById("outer").remove()'],
  ['emptying the body', 'document.body.innerHTML = ""'],
  ['disabling it', 'a.setAttribute("disabled", "")'],
  ['another rel', 'a.rel = "author"'],
  ['a type that is not JSON', 'a.type = "text/html"'],
  ['removing its href', 'a.removeAttribute("href")'],
])('(10, 16, 17) %s stops a link for good', async (_what, change) => {
  const page = await at.open({ body: `<div id="outer"><p>${link}</p></div>` })
  const { requestId } = await at.wallet.next('start')
  await page.evaluate(`{ const a = document.getElementById('a'); ${change} }`)
  expect(await at.wallet.next('stop')).toEqual({ type: 'stop', requestId, final: true })
})

test.each([
  ['another href', 'a.href = "https://wallet.example/bob"', 'https://wallet.example/bob'],
  ['another crossorigin', 'a.crossOrigin = "use-credentials"', alice],
  ['leaving the page and coming back at once', 'const parent = a.parentNode; a.remove(); parent.append(a)', alice],
  ['another href and the first again', 'a.href = "https://wallet.example/bob"; a.href = "https://wallet.example/alice"', alice],
])('(10, 16) %s ends one request and starts another', async (_what, change, pointer) => {
  const page = await at.open({ head: link })
  const first = await at.wallet.next('start')
  await page.evaluate(`{ const a = document.getElementById('a'); ${change} }`)
  const second = await at.wallet.next('start', 1)
  expect(at.wallet.all('stop')).toEqual([{ type: 'stop', requestId: first.requestId, final: true }])
  expect([second.pointer, second.requestId === first.requestId]).toEqual([pointer, false])
  expect(at.wallet.received.map(({ message }) => message.type).filter((type) => type === 'start' || type === 'stop')).toEqual(['start', 'stop', 'start'])
})

test('(10) changes that mean nothing restart nothing', async () => {
  const page = await at.open({ head: link })
  const first = await at.wallet.next('start')
  await page.evaluate(`{ const a = document.getElementById('a'); a.rel = 'monetization me'; a.href = a.href; a.type = 'application/json'; document.body.append('text', document.createElement('p')) }`)
  await page.evaluate(`document.body.insertAdjacentHTML('beforeend', '<link rel="monetization" href="https://wallet.example/bob">')`)
  expect((await at.wallet.next('start', 1)).pointer).toBe('https://wallet.example/bob')
  expect([at.wallet.all('stop'), at.wallet.all('start')[0]]).toEqual([[], first])
})

test('(11) the frame of the agent does not hold up the load event', async () => {
  const page = await at.open({ head: link, script: `<script>addEventListener('load', () => { window.frameAtLoad = document.querySelector('iframe') !== null })</script><script src="${at.wallet.walletUrl}/monetize.js"></script>` })
  await at.wallet.next('start')
  expect(await page.evaluate('[frameAtLoad, document.querySelector("iframe") !== null]')).toEqual([false, true])
})

test('a page without a tag has no frame', async () => {
  const page = await at.open({ body: '<p>nothing here</p>' })
  expect(await page.evaluate('[document.readyState, document.querySelector("iframe"), document.querySelector("rivulet-button")]')).toEqual(['complete', null, null])
})

test('(14, 15) a pointer that fails gets one `error` at its link, which does not bubble; the next link is not concerned', async () => {
  at.wallet.answer = ({ requestId, pointer }) => (pointer === alice ? [{ type: 'failed', requestId, code: 'pointer-not-found', message: 'no such wallet address' }] : [{ type: 'loaded', requestId, paymentPointer: pointer }])
  const page = await at.open({ head: `${link}<link id="b" rel="monetization" href="https://wallet.example/bob">`, script: `<script src="${at.wallet.walletUrl}/monetize.js"></script><script>document.addEventListener('error', () => log.push(['bubbled']))</script>` })
  await until(page, 'log.length === 2')
  expect(await page.evaluate('log.map(([type, id, event]) => [type, id, event.bubbles])')).toEqual([['error', 'a', false], ['load', 'b', false]])
})

test('(15) `load` comes once, also when no wallet is connected', async () => {
  at.wallet.connected = false
  const page = await at.open({ head: link })
  const { requestId } = await at.wallet.next('start')
  at.wallet.say({ type: 'loaded', requestId, paymentPointer: alice }, { type: 'attached', connected: true })
  at.wallet.pay(requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.evaluate('log.map(([type]) => type)')).toEqual(['load', 'monetization'])
})

test('(19) several links are started each; beyond ten a page gets `error`', async () => {
  const page = await at.open({ head: Array.from({ length: 12 }, (_, index) => `<link id="l${index}" rel="monetization" href="https://wallet.example/${index}">`).join('') })
  await until(page, 'log.length === 12')
  expect(await page.evaluate('log.filter(([type]) => type === "error").map(([, id]) => id).sort()')).toEqual(['l10', 'l11'])
  expect(at.wallet.all('start')).toHaveLength(10)
})

test.each(['https://wallet.example/a?b=1', 'https://wallet.example/a#b', 'https://user:pw@wallet.example/a', 'ftp://wallet.example/a', 'https://'])('(20) href %s gets `error`, and the wallet is not asked', async (href) => {
  const page = await at.open({ head: `<link id="x" rel="monetization" href="${href}">${link}` })
  await until(page, 'log.length === 2')
  expect(await page.evaluate('log.map(([type, id]) => [type, id]).sort()')).toEqual([['error', 'x'], ['load', 'a']])
  expect(at.wallet.all('start').map(({ pointer }) => pointer)).toEqual([alice])
})

test('(21) what is paid after a link has gone fires nothing', async () => {
  const page = await at.open({ head: `${link}<link id="b" rel="monetization" href="https://wallet.example/bob">` })
  const [first, second] = [await at.wallet.next('start'), await at.wallet.next('start', 1)]
  await page.evaluate(`document.getElementById('a').remove()`)
  await at.wallet.next('stop')
  at.wallet.pay(first.requestId)
  at.wallet.pay(second.requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.evaluate('log.filter(([type]) => type === "monetization").map(([, id]) => id)')).toEqual(['b'])
})

test('(22) an event tells what was sent, the resolved pointer, and the deprecated fields', async () => {
  at.wallet.answer = ({ requestId }) => [{ type: 'loaded', requestId, paymentPointer: 'https://wallet.example/resolved' }]
  const page = await at.open({ head: link })
  at.wallet.pay((await at.wallet.next('start')).requestId, '4611686018427387904')
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.evaluate(`{ const { amountSent, paymentPointer, incomingPayment, amount, assetCode, assetScale, receipt, bubbles, cancelable } = log.at(-1)[2]; ({ sent: [amountSent.value, amountSent.currency], paymentPointer, incomingPayment, amount, assetCode, assetScale, receipt, bubbles, cancelable }) }`)).toEqual({
    sent: ['4611686018.427387904', 'EUR'], paymentPointer: 'https://wallet.example/resolved', incomingPayment: null, amount: '108', assetCode: 'USD', assetScale: 6, receipt: 'AQID', bubbles: true, cancelable: false,
  })
})

test('(24) a frame of the same origin is paid, one of another origin is not', async () => {
  const inner = at.wallet.page('/inner', { head: '<link rel="monetization" href="https://wallet.example/inner">' })
  await at.open({ body: `<iframe src="${inner.replace('127.0.0.1', 'localhost')}"></iframe><iframe src="${inner}"></iframe>` })
  expect((await at.wallet.next('start')).pointer).toBe('https://wallet.example/inner')
  expect(at.wallet.received.filter(({ message }) => message.type === 'attach').map(({ message }) => 'site' in message && message.site)).toEqual([at.wallet.siteUrl])
})

test('(26, 27) a hidden page says so, and so does one that is shown again; losing the focus alone changes nothing', async () => {
  const page = await at.open({ head: link, body: '<input id="field">' })
  const { requestId } = await at.wallet.next('start')
  at.wallet.pay(requestId)
  await until(page, 'document.querySelector("script[data-rivulet-state=paying]") !== null')
  await page.evaluate('dispatchEvent(new Event("blur"))')
  expect(at.wallet.all('visible')).toEqual([])
  await at.chromium.hide(page)
  expect(await at.wallet.next('visible')).toEqual({ type: 'visible', visible: false })
  await until(page, 'document.querySelector("script[data-rivulet-state=paused]") !== null')
  await at.chromium.show(page)
  expect(await at.wallet.next('visible', 1)).toEqual({ type: 'visible', visible: true })
})

test('what had left before a pause is told, and the page stays paused until its wallet resumes it or is asked anew', async () => {
  const page = await at.open({ head: link })
  const { requestId } = await at.wallet.next('start')
  const paid = (times: number): Promise<void> => until(page, `log.filter(([type]) => type === 'monetization').length === ${times} && document.monetization.state !== 'pending'`)
  const states = (): Promise<string[]> => page.evaluate(`[document.querySelector('script[data-rivulet-state]').dataset.rivuletState, document.monetization.state]`)
  at.wallet.pay(requestId)
  await paid(1)
  at.wallet.say({ type: 'paused', requestId, reason: 'other-page' })
  at.wallet.pay(requestId)
  await paid(2)
  expect(await states()).toEqual(['paused', 'stopped'])
  at.wallet.say({ type: 'resumed', requestId })
  at.wallet.pay(requestId)
  await paid(3)
  expect(await states()).toEqual(['paying', 'started'])
  at.wallet.say({ type: 'paused', requestId, reason: 'budget-spent' })
  await until(page, `document.querySelector('script[data-rivulet-state=paused]') !== null`)
  // The network changed: the agent opens another socket, whose wallet knows nothing of a pause.
  await page.frames().find((frame) => frame !== page.mainFrame())?.evaluate(`dispatchEvent(new Event('online'))`)
  await at.wallet.next('start', 1)
  at.wallet.pay(requestId)
  await paid(4)
  expect(await states()).toEqual(['paying', 'started'])
})

test('(26) a page that is left closes its socket, and opens it again when it comes back from the back-forward cache', async () => {
  const page = await at.open({ head: link })
  const { requestId } = await at.wallet.next('start')
  await page.evaluate('window.sameDocument = true')
  await page.goto(at.wallet.page('/other', { body: 'another page' }))
  await expect.poll(() => at.wallet.socketCount).toBe(0)
  await page.evaluate('setTimeout(() => history.back())')
  await at.wallet.next('attach', 1)
  const again = await at.wallet.next('start', 1)
  expect(again.pointer).toBe(alice)
  // Where the browser kept the document, it goes on under the same id. The script there may be quicker than the browser's own word of the way back.
  await expect.poll(() => page.evaluate('window.sameDocument === true')).toBe(again.requestId === requestId)
})

test.each([
  ['an extension', 'window.MonetizationEvent = class extends Event {}'],
  ['the browser', 'const native = DOMTokenList.prototype.supports; DOMTokenList.prototype.supports = function (token) { return token === "monetization" || native.call(this, token) }'],
])('the script stands down where %s monetizes', async (_who, before) => {
  const page = await at.open({ head: link, script: `<script>${before}</script><script src="${at.wallet.walletUrl}/monetize.js"></script>` })
  expect(await page.evaluate('[document.readyState, document.monetization, document.querySelector("iframe")]')).toEqual(['complete', undefined, null])
})

test('two copies of the script are one', async () => {
  const tag = `<script src="${at.wallet.walletUrl}/monetize.js"></script>`
  const page = await at.open({ head: link, script: tag + tag })
  await until(page, 'log.length > 0')
  expect(await page.evaluate('document.querySelectorAll("iframe").length')).toBe(1)
  expect(at.wallet.all('start')).toHaveLength(1)
})

test('a page whose frame-src forbids the wallet gets one clear message and `error`', async () => {
  const said: string[] = []
  at.chromium.context.on('console', (message) => {
    if (message.text().startsWith('Rivulet:')) said.push(message.text())
  })
  const page = await at.open({ headers: { 'content-security-policy': "frame-src 'self'" }, head: link })
  await until(page, 'log.length > 0')
  expect(await page.evaluate('log.map(([type]) => type)')).toEqual(['error'])
  await expect.poll(() => said).toEqual([`Rivulet: the Content-Security-Policy of this page forbids the wallet: add ${at.wallet.walletUrl} to its frame-src`])
})

test('under a policy that lets in nothing but the wallet everything works, the button included', async () => {
  at.wallet.connected = false
  const policy = `default-src 'none'; script-src ${at.wallet.walletUrl} 'nonce-log'; frame-src ${at.wallet.walletUrl}; require-trusted-types-for 'script'`
  const page = await at.open({ headers: { 'content-security-policy': policy }, head: link })
  await page.locator('rivulet-button button').first().waitFor()
  expect(await page.locator('rivulet-button').evaluate((host) => getComputedStyle(host).position)).toBe('fixed')
  at.wallet.pay((await at.wallet.next('start')).requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
})

test('the agent opens its socket again after a loss and says everything anew', async () => {
  // The states as they come: between the loss and the next socket lie some hundred milliseconds.
  const page = await at.open({ head: `${link}<script>window.states = []; document.addEventListener('rivulet', ({ detail }) => states.push(detail.state))</script>` })
  const first = await at.wallet.next('start')
  at.wallet.drop()
  expect(await at.wallet.next('start', 1)).toEqual(first)
  at.wallet.pay(first.requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
  expect(await page.evaluate('states.slice(-3)')).toEqual(['paused', 'connecting', 'paying'])
})

test('a wallet that was silent is an error, and once it answers the button is there and the page is paid, without a reload', async () => {
  at.wallet.connected = false
  const { promise, resolve } = Promise.withResolvers<void>()
  at.wallet.silence = promise
  const page = await at.open({ head: link })
  await page.waitForSelector('script[data-rivulet-state=error]', { state: 'attached' })
  expect(await page.evaluate('log.map(([type]) => type)')).toEqual(['error'])
  expect(await page.locator('rivulet-button').count()).toBe(0)
  resolve()
  await page.locator('rivulet-button button').first().waitFor()
  expect(await page.evaluate('document.querySelector("script[data-rivulet-state]").dataset.rivuletState')).toBe('unconnected')
  at.wallet.pay((await at.wallet.next('start')).requestId)
  await until(page, 'log.some(([type]) => type === "monetization")')
})

test('a page that throws the frame away gets it back', async () => {
  const page = await at.open({ head: link })
  const first = await at.wallet.next('start')
  await page.evaluate('document.querySelector("iframe").remove()')
  expect(await at.wallet.next('start', 1)).toEqual(first)
})
