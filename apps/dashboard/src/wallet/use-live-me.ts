import { useCallback, useEffect, useRef, useState } from 'react'
import * as z from 'zod/mini'
import { ApiFault } from '../api.ts'
import { loadSignedIn } from '../session/presence.ts'
import type { Polled } from '../use-polled.ts'
import { loadMe, type Me, meSchema } from './wallet-api.ts'

/** The server says something every second; after this much silence what is shown is old. */
const silenceMaxMs = 4_000
const retryMinMs = 1_000
const retryMaxMs = 15_000

/** Follows `/api/me/live` while the page is visible. A connection that the browser has given up is opened again, ever more patiently; meanwhile what was heard last is shown, and said to be old. */
export function useLiveMe(): Polled<Me> {
  const [value, setValue] = useState<Me>()
  const [fault, setFault] = useState<ApiFault>()
  const reopen = useRef<() => void>(undefined)

  const reload = useCallback(async () => {
    try {
      setValue(await loadSignedIn(loadMe))
      setFault((before) => (before?.status === 401 ? undefined : before))
      reopen.current?.()
    } catch (error) {
      setFault(faultOf(error))
    }
  }, [])

  useEffect(() => {
    let source: EventSource | undefined
    let retry: ReturnType<typeof setTimeout> | undefined
    let waitMs = retryMinMs
    let heardMs = Date.now()
    let signedIn = false
    let left = false
    const heard = (): void => {
      waitMs = retryMinMs
      heardMs = Date.now()
      setFault(undefined)
    }
    const fail = (error: unknown): void => {
      const refusal = faultOf(error)
      setFault(refusal)
      // Nothing more comes before somebody signs in.
      if (refusal.status !== 401) return
      signedIn = false
      close()
    }
    const close = (): void => {
      source?.close()
      source = undefined
      clearTimeout(retry)
    }
    const open = (): void => {
      close()
      if (left) return
      source = new EventSource('/api/me/live')
      source.addEventListener('beat', heard)
      source.addEventListener('me', (message: MessageEvent<string>) => {
        const me = z.safeParse(meSchema, JSON.parse(message.data))
        // An event of another version of the server: the page goes stale and says so, instead of showing half of it.
        if (!me.success) return
        heard()
        setValue(me.data)
      })
      source.addEventListener('error', () => {
        if (source?.readyState !== EventSource.CLOSED) return
        // Refused: the answer to a plain question says why.
        loadSignedIn(loadMe).catch((error: unknown) => fail(error))
        retry = setTimeout(open, waitMs)
        waitMs = Math.min(retryMaxMs, waitMs * 2)
      })
    }
    const look = (): void => {
      if (document.visibilityState !== 'visible') close()
      else if (signedIn && source === undefined) {
        heardMs = Date.now()
        open()
      }
    }
    const watch = setInterval(() => {
      if (signedIn && document.visibilityState === 'visible' && Date.now() - heardMs > silenceMaxMs) setFault((before) => before ?? new ApiFault('offline', 'nothing was heard', { status: 0 }))
    }, 1_000)
    reopen.current = () => {
      signedIn = true
      if (source?.readyState !== EventSource.OPEN) look()
    }
    // Who is signed in is asked first: without a session nothing is opened.
    void loadSignedIn(loadMe).then(
      (me) => {
        setValue(me)
        signedIn = true
        look()
      },
      (error: unknown) => {
        fail(error)
        if (faultOf(error).status !== 401) retry = setTimeout(open, waitMs)
      },
    )
    document.addEventListener('visibilitychange', look)
    return () => {
      left = true
      close()
      clearInterval(watch)
      document.removeEventListener('visibilitychange', look)
    }
  }, [])

  return { value, fault, reload }
}

function faultOf(error: unknown): ApiFault {
  return error instanceof ApiFault ? error : new ApiFault('server-error', String(error), { status: 0 })
}
