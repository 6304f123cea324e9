import { useEffect, useRef, useState } from 'react'

export interface EventStream {
  /** `stale`: the server, which says something every second, has been silent for longer. */
  readonly state: 'connecting' | 'live' | 'stale'
  /** When the server was heard last, by the browser's clock; 0 before. */
  readonly heardAtMs: number
  /** The browser's time, moving on every second. */
  readonly nowMs: number
}

export interface EventStreamOptions {
  readonly path: string
  /** Nothing is opened before somebody is signed in. */
  readonly enabled?: boolean
  /** By the event's name: takes its data, and says whether it was understood. One of another version of the server is not: the page goes stale and says so, instead of showing half of it. */
  readonly events: Readonly<Record<string, (data: string) => boolean>>
  /** The browser has given the connection up: asks whether the session still holds. */
  readonly onRefused: () => void
}

/** After three missed seconds what is shown is old. */
const staleAfterMs = 3_500
const retryMinMs = 1_000
const retryMaxMs = 15_000

/** Follows Server-Sent Events while the page is visible. A connection that the browser has given up is opened again, ever more patiently. */
export function useEventStream({ path, enabled = true, events, onRefused }: EventStreamOptions): EventStream {
  const [heardAtMs, setHeardAtMs] = useState(0)
  const [nowMs, setNowMs] = useState(Date.now)
  /** Silence counts from the moment at which it was opened. */
  const openedAtMs = useRef(0)
  const now = useRef({ events, onRefused })
  now.current = { events, onRefused }
  const names = Object.keys(events).join(' ')

  useEffect(() => {
    if (!enabled) return undefined
    let source: EventSource | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let waitMs = retryMinMs
    const close = (): void => {
      source?.close()
      source = undefined
      clearTimeout(retry)
    }
    const open = (): void => {
      close()
      source = new EventSource(path)
      for (const name of names.split(' ')) {
        source.addEventListener(name, (message: MessageEvent<string>) => {
          if (now.current.events[name]?.(message.data) !== true) return
          waitMs = retryMinMs
          setHeardAtMs(Date.now())
          setNowMs(Date.now())
        })
      }
      source.addEventListener('error', () => {
        if (source?.readyState !== EventSource.CLOSED) return
        now.current.onRefused()
        retry = setTimeout(open, waitMs)
        waitMs = Math.min(retryMaxMs, waitMs * 2)
      })
    }
    const look = (): void => {
      if (document.visibilityState !== 'visible') close()
      else if (source === undefined) {
        openedAtMs.current = Date.now()
        open()
      }
    }
    look()
    const tick = setInterval(() => setNowMs(Date.now()), 1_000)
    document.addEventListener('visibilitychange', look)
    return () => {
      close()
      clearInterval(tick)
      document.removeEventListener('visibilitychange', look)
    }
  }, [path, enabled, names])

  const silentMs = nowMs - Math.max(heardAtMs, openedAtMs.current)
  return { state: !enabled || (heardAtMs === 0 && silentMs <= staleAfterMs) ? 'connecting' : silentMs > staleAfterMs ? 'stale' : 'live', heardAtMs, nowMs }
}
