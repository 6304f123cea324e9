/**
 * The agent: the wallet's side of a monetized page, in a frame of the wallet's origin. It believes about the page only what the browser
 * says, its origin; it stores nothing, and its credential is a cookie that no script can read.
 */
import { isFault, messageOf } from '@rivulet/faults'
import {
  type AgentToPage, type Hello, isLoopback, type MessageOf, monetizationEventData, type PageToAgent, parsePointer, requestsPerPageMax, type WalletToAgent,
} from '@rivulet/web-monetization'
import { buttonLooks } from './looks.ts'
import { WalletSocket } from './wallet-socket.ts'

const listening = new AbortController()
addEventListener('message', (event: MessageEvent<Hello | null>) => {
  const port = event.ports[0]
  if (window === parent || event.source !== parent || event.origin === 'null' || event.data?.type !== 'rivulet:hello' || port === undefined) return
  listening.abort()
  serve(event.origin, port, event.data.visible)
}, { signal: listening.signal })

function serve(site: string, port: MessagePort, visible: boolean): void {
  const pointers = new Map<string, string>()
  const resolved = new Map<string, string>()
  let pageVisible = visible
  const isVisible = (): boolean => pageVisible && !document.hidden
  const post = (message: MessageOf<AgentToPage>): void => port.postMessage(message)
  const socket = new WalletSocket(site, {
    isVisible,
    attached: () => {
      for (const [requestId, pointer] of pointers) socket.send({ type: 'start', requestId, pointer })
    },
    message: fromWallet,
    lost: () => {
      for (const requestId of pointers.keys()) post({ type: 'paused', requestId, reason: 'wallet-unreachable' })
    },
  })
  port.onmessage = (event: MessageEvent<MessageOf<PageToAgent>>) => fromPage(event.data)
  document.addEventListener('visibilitychange', () => socket.seen())

  function fromPage(message: MessageOf<PageToAgent>): void {
    switch (message.type) {
      case 'start':
        start(String(message.requestId), String(message.pointer))
        break
      case 'stop': {
        const { requestId, final } = message
        if (pointers.delete(requestId)) socket.send({ type: 'stop', requestId, final })
        resolved.delete(requestId)
        break
      }
      case 'visible':
        pageVisible = message.visible
        socket.seen()
        break
      case 'connect':
        void ask('/agent/challenges', { site }).then((answer) => {
          if (answer !== undefined) post({ type: 'challenge', connectUrl: `${location.origin}/connect?challenge=${encodeURIComponent(String(answer['challenge']))}` })
        })
        break
      case 'code':
        void ask('/agent/redeem', { site, code: message.code }).then((answer) => {
          // The cookie that redeeming set is read when a socket opens.
          if (answer !== undefined) socket.reopen()
        })
        break
    }
  }

  function start(requestId: string, pointer: string): void {
    try {
      const url = parsePointer(pointer, { allowLocal: isLoopback(location.hostname) }).href
      if (pointers.size >= requestsPerPageMax) {
        post({ type: 'failed', requestId, code: 'requests-too-many', message: `a page may have ${requestsPerPageMax} monetized elements at a time` })
        return
      }
      pointers.set(requestId, url)
      socket.send({ type: 'start', requestId, pointer: url })
    } catch (error) {
      post({ type: 'failed', requestId, code: isFault(error) ? error.code : 'pointer-invalid', message: messageOf(error) })
    }
  }

  function fromWallet(message: MessageOf<WalletToAgent>): void {
    // What was stopped meanwhile may still be on its way.
    if ('requestId' in message && !pointers.has(message.requestId)) return
    switch (message.type) {
      case 'loaded':
        resolved.set(message.requestId, message.paymentPointer)
        post(message)
        break
      case 'failed':
        pointers.delete(message.requestId)
        post(message)
        break
      case 'paid': {
        const { requestId } = message
        const data = monetizationEventData(message, resolved.get(requestId) ?? pointers.get(requestId) ?? '')
        post({ type: 'paid', requestId, ...data })
        break
      }
      case 'attached':
        post(message.connected ? message : { ...message, button: buttonLooks() })
        break
      case 'paused':
      case 'resumed':
      case 'stopped':
        post(message)
        break
    }
  }

  async function ask(path: string, body: object): Promise<Record<string, unknown> | undefined> {
    try {
      const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
      const answer = (await response.json()) as Record<string, unknown>
      if (response.ok) return answer
      const { code, message } = answer['error'] as { code: string; message: string }
      post({ type: 'refused', code, message })
    } catch {
      post({ type: 'refused', code: 'wallet-unreachable', message: `no answer from the wallet ${location.origin}` })
    }
    return undefined
  }
}
