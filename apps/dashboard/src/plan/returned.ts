import { useEffect, useState } from 'react'

/** With what she comes back from the provider's pages. */
export interface Returned {
  /** The page on which she entered a card. */
  readonly session: string | undefined
  /** The plan that she chose before. */
  readonly planId: string | undefined
  /** Whether she comes from her bank's question about a payment. */
  readonly asked: boolean
}

/** Read once, and taken out of the address: a page that is loaded again, or kept as a bookmark, begins nothing a second time. */
export function useReturned(): Returned {
  const [returned] = useState<Returned>(() => {
    const query = new URLSearchParams(location.search)
    return { session: query.get('card') ?? undefined, planId: query.get('plan') ?? undefined, asked: query.has('payment_intent') }
  })
  useEffect(() => history.replaceState(null, '', location.pathname), [])
  return returned
}
