import { useEffect, useState } from 'react'
import * as z from 'zod/mini'
import { units } from '../units.ts'

const earningsSchema = z.object({
  day: z.string(),
  assets: z.array(z.object({ assetCode: z.string(), assetScale: z.number(), balance: units, today: units, booked: units, passedOn: units, arriving: units })),
  paying: z.number(),
  places: z.array(z.object({ pointer: z.string(), site: z.nullable(z.string()), assetCode: z.string(), assetScale: z.number(), streams: z.number(), arrived: units })),
  overMs: z.number(),
  more: z.boolean(),
})
export type Earnings = z.infer<typeof earningsSchema>

export interface LiveEarnings {
  readonly earnings: Earnings | undefined
  readonly state: 'connecting' | 'live' | 'stale'
  /** When the server was heard last, by the browser's clock. */
  readonly heardAtMs: number
}

/** The server is heard every second; after three missed ones what is shown is old. */
const staleAfterMs = 3_500
const retryMinMs = 1_000
const retryMaxMs = 15_000

/** Follows `/api/live` of the publishers' entrance. A connection that the browser has given up is opened again, ever more patiently; `onRefused` then asks whether the session still holds. */
export function useEarnings(onRefused: () => void): LiveEarnings {
  const [earnings, setEarnings] = useState<Earnings>()
  const [heardAtMs, setHeardAtMs] = useState(0)
  const [nowMs, setNowMs] = useState(Date.now)

  useEffect(() => {
    let source: EventSource | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let waitMs = retryMinMs
    const heard = (): void => {
      waitMs = retryMinMs
      setHeardAtMs(Date.now())
      setNowMs(Date.now())
    }
    const open = (): void => {
      source = new EventSource('/api/live')
      source.addEventListener('beat', heard)
      source.addEventListener('earnings', (message: MessageEvent<string>) => {
        const event = z.safeParse(earningsSchema, JSON.parse(message.data))
        // An event of another version of the server: the page goes stale and says so, instead of showing half of it.
        if (!event.success) return
        setEarnings(event.data)
        heard()
      })
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
  }, [onRefused])

  return { earnings, heardAtMs, state: earnings === undefined ? 'connecting' : nowMs - heardAtMs > staleAfterMs ? 'stale' : 'live' }
}
