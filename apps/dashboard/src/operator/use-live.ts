import { useEffect, useState } from 'react'
import * as z from 'zod/mini'
import { applyEvent, liveEventSchema, type LiveModel } from './live-model.ts'

export interface Live {
  readonly model: LiveModel | undefined
  readonly state: 'connecting' | 'live' | 'stale'
  /** The browser's time, moving on every second. */
  readonly nowMs: number
}

/** Updates come every second; after three missed ones what is shown is old. */
const staleAfterMs = 3_500
const retryMinMs = 1_000
const retryMaxMs = 15_000

/** Follows `/api/live`, or `/api/pulse` which leaves the streams out. A connection that the browser has given up is opened again, ever more patiently; `onRefused` then asks whether the session still holds. */
export function useLive(path: '/api/live' | '/api/pulse', onRefused: () => void): Live {
  const [model, setModel] = useState<LiveModel>()
  const [nowMs, setNowMs] = useState(Date.now)

  useEffect(() => {
    let source: EventSource | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let waitMs = retryMinMs
    const open = (): void => {
      source = new EventSource(path)
      for (const kind of ['snapshot', 'update'] as const) {
        source.addEventListener(kind, (message: MessageEvent<string>) => {
          const event = z.safeParse(liveEventSchema, JSON.parse(message.data))
          // An event of another version of the server: the page goes stale and says so, instead of showing half of it.
          if (!event.success) return
          waitMs = retryMinMs
          setModel((before) => applyEvent(before, event.data, kind, Date.now()))
          setNowMs(Date.now())
        })
      }
      source.addEventListener('error', () => {
        if (source?.readyState !== EventSource.CLOSED) return
        onRefused()
        retry = setTimeout(open, waitMs)
        waitMs = Math.min(retryMaxMs, waitMs * 2)
      })
    }
    open()
    const tick = setInterval(() => setNowMs(Date.now()), 1_000)
    return () => {
      source?.close()
      clearTimeout(retry)
      clearInterval(tick)
    }
  }, [path, onRefused])

  const state = model === undefined ? 'connecting' : nowMs - model.heardAtMs > staleAfterMs ? 'stale' : 'live'
  return { model, state, nowMs }
}
