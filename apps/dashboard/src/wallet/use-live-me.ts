import { useCallback, useEffect, useState } from 'react'
import * as z from 'zod/mini'
import { ApiFault } from '../api.ts'
import { loadSignedIn } from '../session/presence.ts'
import { useEventStream } from '../use-event-stream.ts'
import type { Polled } from '../use-polled.ts'
import { loadMe, type Me, meSchema } from './wallet-api.ts'

/** Follows `/api/me/live` once somebody is signed in. While nothing is heard, what was heard last is shown, and said to be old. */
export function useLiveMe(): Polled<Me> {
  const [value, setValue] = useState<Me>()
  const [fault, setFault] = useState<ApiFault>()
  const reload = useCallback(async () => {
    try {
      setValue(await loadSignedIn(loadMe))
      setFault(undefined)
    } catch (error) {
      setFault(error instanceof ApiFault ? error : new ApiFault('server-error', String(error), { status: 0 }))
    }
  }, [])
  // Who is signed in is asked first: without a session nothing is opened.
  useEffect(() => void reload(), [reload])
  const signedOut = fault?.status === 401
  const { state } = useEventStream({
    path: '/api/me/live',
    enabled: !signedOut && (value !== undefined || fault !== undefined),
    // Refused: the answer to a plain question says why.
    onRefused: () => void reload(),
    events: {
      beat: () => {
        setFault(undefined)
        return true
      },
      me: (data) => {
        const me = z.safeParse(meSchema, JSON.parse(data))
        if (me.success) {
          setFault(undefined)
          setValue(me.data)
        }
        return me.success
      },
    },
  })
  return { value, fault: fault ?? (state === 'stale' ? new ApiFault('offline', 'nothing was heard', { status: 0 }) : undefined), reload }
}
