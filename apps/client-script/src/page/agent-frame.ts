/** The wallet's agent: an invisible frame of the wallet's origin, and the port that page and agent speak over. */
import type { AgentToPage, Hello, MessageOf, PageToAgent } from '@rivulet/web-monetization'

const answerFirstMaxMs = 10_000

export interface AgentFrame {
  /** Says nothing while the agent is not there: `ready` will tell it everything. */
  readonly post: (message: MessageOf<PageToAgent>) => void
  /** Puts the frame (back) into the page. */
  readonly open: () => void
}

interface AgentFrameEvents {
  readonly visible: () => boolean
  /** The agent is there, for the first time or anew: it knows nothing yet. */
  readonly ready: () => void
  readonly message: (message: MessageOf<AgentToPage>) => void
  /** The agent cannot be reached; `message` says what to change. */
  readonly broken: (message: string) => void
}

export function agentFrame(wallet: string, events: AgentFrameEvents): AgentFrame {
  let port: MessagePort | undefined
  let forbidden = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let answerMaxMs = answerFirstMaxMs
  const frame = document.createElement('iframe')
  frame.src = `${wallet}/agent`
  frame.title = 'Rivulet'
  frame.referrerPolicy = 'no-referrer'
  frame.style.cssText = 'display:none!important'
  frame.onload = () => {
    if (forbidden) return
    const channel = new MessageChannel()
    port = channel.port1
    port.onmessage = (event: MessageEvent<MessageOf<AgentToPage>>) => {
      clearTimeout(timer)
      events.message(event.data)
    }
    const hello: Hello = { type: 'rivulet:hello', visible: events.visible() }
    frame.contentWindow?.postMessage(hello, wallet, [channel.port2])
    events.ready()
  }
  document.addEventListener('securitypolicyviolation', ({ blockedURI, disposition, effectiveDirective }) => {
    if (forbidden || disposition !== 'enforce' || !blockedURI.startsWith(wallet) || effectiveDirective !== 'frame-src') return
    forbidden = true
    clearTimeout(timer)
    events.broken(`the Content-Security-Policy of this page forbids the wallet: add ${wallet} to its frame-src`)
  })
  const insert = (): void => {
    if (frame.isConnected || forbidden) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      events.broken(`no answer from the wallet ${wallet}`)
      // A frame that is put back loads anew, and leaves no entry in the history.
      frame.remove()
      answerMaxMs *= 2
      insert()
    }, answerMaxMs)
    document.documentElement.append(frame)
  }
  return {
    post: (message) => port?.postMessage(message),
    // A frame holds up the load event of its page, and monetization must not.
    open: () => (document.readyState === 'complete' ? insert() : addEventListener('load', insert)),
  }
}
