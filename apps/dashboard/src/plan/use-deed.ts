import { useState } from 'react'
import { ApiFault } from '../api.ts'

export interface Deed {
  readonly busy: boolean
  readonly fault: ApiFault | undefined
  /** Does it, then `after`; a refusal stays until the next attempt. Resolves to whether it was done. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>
}

/** Something the person asked for: under way, refused or done. */
export function useDeed(after: () => Promise<void>): Deed {
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()
  return {
    busy,
    fault,
    async run(work) {
      setBusy(true)
      setFault(undefined)
      try {
        await work()
        await after()
        return true
      } catch (error) {
        if (!(error instanceof ApiFault)) throw error
        setFault(error)
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}
