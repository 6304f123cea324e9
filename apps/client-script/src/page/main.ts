/**
 * monetize.js: Web Monetization for a page whose browser has none. It stands down where the browser or an extension has, holds no
 * credential, and leaves every decision about money to the wallet, which is the origin that it was loaded from.
 */
import type { AgentToPage, CodeHandOver, MessageOf } from '@rivulet/web-monetization'
import { agentFrame } from './agent-frame.ts'
import { connectButton } from './button.ts'
import { fireMonetization, installInterfaces, isMonetized } from './interfaces.ts'
import { installLegacy, legacyPaid, legacyPending, legacyRequest, legacyStop } from './legacy.ts'
import { monetizingElements, watch } from './watch.ts'

interface Request {
  readonly requestId: string
  readonly element: Element
  readonly pointer: string
  /** `load` or `error` is fired once. */
  settled: boolean
  state: 'connecting' | 'paying' | 'paused' | 'error'
  reason: string | undefined
}

const script = (document.currentScript ?? document.querySelector('script[src*="/monetize.js"]')) as HTMLScriptElement
// A cross-origin frame cannot see whether its embedder allows it `monetization`; the default of that policy is no.
if (isSecureContext && !isMonetized() && (window === top || frameElement !== null)) run(new URL(script.src).origin)

function run(wallet: string): void {
  const requests = new Map<Element, Request>()
  let attached: AgentToPage['attached'] | undefined
  let pageHidden = false
  let popup: Window | null = null
  let connecting = false
  let told = ''
  const visible = (): boolean => !document.hidden && !pageHidden
  const agent = agentFrame(wallet, {
    visible,
    message: received,
    broken: (message) => {
      console.error(`Rivulet: ${message}`)
      for (const request of requests.values()) fail(request, 'wallet-unreachable')
      tell()
    },
    ready: () => {
      for (const request of requests.values()) start(request)
      if (code !== undefined) redeem(code)
    },
  })
  const showButton = connectButton(script.dataset['rivuletButton'] ?? '', connect)

  // The code of the redirect leaves the address bar before anything else can read it there.
  let code = /^#rivulet-code=([\w-]+)$/.exec(location.hash)?.[1]
  if (code !== undefined) history.replaceState(history.state, '', location.pathname + location.search)

  installInterfaces()
  installLegacy()
  watch((isRestarted) => {
    const found = monetizingElements()
    for (const [element, { pointer, requestId }] of requests) {
      if (found.get(element) === pointer && !isRestarted(element)) continue
      requests.delete(element)
      agent.post({ type: 'stop', requestId, final: true })
    }
    for (const [element, pointer] of found) {
      if (requests.has(element)) continue
      const request: Request = { requestId: crypto.randomUUID(), element, pointer, settled: false, state: 'connecting', reason: undefined }
      requests.set(element, request)
      start(request)
    }
    if (found.size > 0) agent.open()
    legacyRequest([...found.keys()].map((element) => requests.get(element))[0])
    tell()
  })

  const look = (): void => {
    agent.post({ type: 'visible', visible: visible() })
    for (const request of requests.values()) {
      // What is paused for another reason stays so until the wallet says otherwise.
      if (!visible() && request.state !== 'paused') set(request, 'paused', 'hidden')
      else if (visible() && request.reason === 'hidden') set(request, 'connecting')
    }
    tell()
  }
  document.addEventListener('visibilitychange', look)
  for (const name of ['pagehide', 'pageshow']) {
    addEventListener(name, () => {
      pageHidden = name === 'pagehide'
      look()
    })
  }
  addEventListener('message', ({ origin, source, data }: MessageEvent<CodeHandOver | null>) => {
    if (origin === wallet && source === popup && data?.type === 'rivulet:code') redeem(data.code)
  })
  document.addEventListener('click', ({ target }) => {
    if (target instanceof Element && target.closest('[data-rivulet-connect]')) connect()
  })

  function start({ requestId, pointer }: Request): void {
    agent.post({ type: 'start', requestId, pointer })
  }

  function redeem(value: string): void {
    code = undefined
    connecting = true
    agent.post({ type: 'code', code: value })
    tell()
  }

  function connect(): void {
    // Opened at once, while the click still counts; where it goes is known when the wallet has answered.
    popup = open('', 'rivulet', 'popup,width=480,height=720')
    agent.post({ type: 'connect' })
  }

  /** An error lasts as long as its request, unless the wallet answers or pays after all. */
  function set(request: Request, state: Request['state'], reason?: string): void {
    if (request.state !== 'error' || state === 'paying') Object.assign(request, { state, reason })
  }

  function settle(request: Request, event: 'load' | 'error'): void {
    if (request.settled) return
    request.settled = true
    request.element.dispatchEvent(new Event(event))
  }

  function fail(request: Request, reason: string): void {
    set(request, 'error', reason)
    settle(request, 'error')
  }

  function received(message: MessageOf<AgentToPage>): void {
    if ('requestId' in message) {
      for (const request of requests.values()) if (request.requestId === message.requestId) requestReceived(request, message)
      return tell()
    }
    switch (message.type) {
      case 'attached':
        attached = message
        connecting = false
        // The wallet has just been told of every request, and says of each anew why it stands still.
        for (const request of requests.values()) {
          if (request.reason === 'wallet-unreachable' || (request.state === 'paused' && request.reason !== 'hidden')) Object.assign(request, { state: 'connecting', reason: undefined })
        }
        break
      case 'challenge': {
        const url = `${message.connectUrl}#return=${encodeURIComponent(location.href.replace(/#.*/, ''))}`
        const shown = popup ?? window
        shown.location.href = url
        break
      }
      case 'refused':
        connecting = false
        popup?.close()
        console.warn(`Rivulet: ${message.message}`)
        break
    }
    tell()
  }

  function requestReceived(request: Request, message: Extract<MessageOf<AgentToPage>, { requestId: string }>): void {
    switch (message.type) {
      case 'loaded':
        settle(request, 'load')
        break
      case 'failed':
        console.warn(`Rivulet: ${message.message}`)
        fail(request, message.code)
        break
      case 'paid':
        // What had left before a pause arrives after it, and pauses stay until the wallet says otherwise.
        if (request.state !== 'paused') set(request, 'paying')
        legacyPaid(request.requestId, message, request.state === 'paused')
        if (request.element.isConnected && request.element.localName === 'link') fireMonetization(request.element, message)
        break
      case 'paused':
      case 'stopped':
        set(request, 'paused', message.reason)
        break
      case 'resumed':
        set(request, 'connecting')
        break
    }
  }

  /** Brings button, legacy state and the `rivulet` event to what is so now. */
  function tell(): void {
    const all = [...requests.values()]
    const state = (['paying', 'connecting', 'paused', 'error', 'idle'] as const).find((name) => name === 'idle' || all.some((request) => request.state === name))
    const [first] = all
    const offered = attached?.connected === false && !connecting && state !== 'error' && state !== 'idle'
    showButton(offered ? attached?.button : undefined)
    if (attached?.connected === true && (first?.state === 'paying' || first?.state === 'connecting')) legacyPending()
    else legacyStop(false)
    const detail = offered ? { state: 'unconnected' } : { state, reason: all.find((request) => request.state === state)?.reason }
    if (told === (told = JSON.stringify(detail))) return
    script.dataset['rivuletState'] = detail.state
    document.dispatchEvent(new CustomEvent('rivulet', { detail }))
  }
}
