import { useCallback } from 'react'
import { Frame } from '../look/frame.tsx'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { leave } from '../session/session.ts'
import { usePolled } from '../use-polled.ts'
import { loadOverview } from './operator-api.ts'

const sessionPollMs = 30_000

/** In front of a page that is told live what it shows: the door while nobody is signed in. `children` gets what asks again whether the session holds. */
export function OperatorDoor({ children }: { readonly children: (reload: () => void) => React.ReactNode }): React.JSX.Element {
  const { value: overview, fault, reload } = usePolled(loadOverview, sessionPollMs)
  const again = useCallback(() => void reload(), [reload])
  if (fault?.status === 401) {
    return (
      <Frame entrance="operator">
        <Door entrance="operator" maySignUp={false} onSignedIn={reload} />
      </Frame>
    )
  }
  if (overview === undefined) return <Frame entrance="operator">{fault === undefined ? <Loading /> : <FaultAlert fault={fault} onRetry={again} />}</Frame>
  return (
    <Frame entrance="operator" wide person={overview.person} onSignOut={() => void leave(reload)}>
      {children(again)}
    </Frame>
  )
}
