import { useSyncExternalStore } from 'react'
import { followPresence, maySomebodyChange } from './presence.ts'

/** What changes something: not there for an operator who may only look. `ReadOnlyNote` says so at the head of the page. */
export function Changes({ children }: { readonly children: React.ReactNode }): React.ReactNode {
  return useMayChange() ? children : null
}

/** Whether who is signed in may change something. */
export function useMayChange(): boolean {
  return useSyncExternalStore(followPresence, maySomebodyChange)
}
