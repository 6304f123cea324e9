import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiFault } from './api.ts'
import { loadSignedIn } from './session/presence.ts'

export interface Polled<T> {
  /** The last good answer, kept while later attempts fail. */
  readonly value: T | undefined
  /** Why the last attempt failed; undefined when it did not. */
  readonly fault: ApiFault | undefined
  readonly reload: () => Promise<void>
}

/** Loads now and then every `everyMs` while the page is visible and someone is signed in. One request at a time. */
export function usePolled<T>(load: () => Promise<T>, everyMs: number): Polled<T> {
  const [value, setValue] = useState<T>()
  const [fault, setFault] = useState<ApiFault>()
  const loader = useRef(load)
  loader.current = load
  const running = useRef<Promise<void>>(undefined)
  const signedOut = useRef(false)

  const reload = useCallback(async () => {
    const attempt = async (): Promise<void> => {
      try {
        setValue(await loadSignedIn(loader.current))
        setFault(undefined)
        signedOut.current = false
      } catch (error) {
        const refusal = error instanceof ApiFault ? error : new ApiFault('server-error', String(error), { status: 0 })
        setFault(refusal)
        signedOut.current = refusal.status === 401
      }
    }
    // An answer asked for before a change must not hide the change: a reload waits for the running request and asks again.
    const before = running.current
    const next = (before ?? Promise.resolve()).then(attempt)
    running.current = next
    await next
    if (running.current === next) running.current = undefined
  }, [])

  useEffect(() => {
    void reload()
    const poll = (): void => {
      if (document.visibilityState === 'visible' && running.current === undefined && !signedOut.current) void reload()
    }
    const timer = setInterval(poll, everyMs)
    document.addEventListener('visibilitychange', poll)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', poll)
    }
  }, [everyMs, reload])

  return { value, fault, reload }
}
