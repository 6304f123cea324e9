import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Frame, type FrameProps } from '../look/frame.tsx'
import { FaultAlert, Loading, StaleNote } from '../look/notice.tsx'
import type { Polled } from '../use-polled.ts'
import { Door } from './door.tsx'
import { leave } from './session.ts'

export interface SignedInPageProps<T> {
  readonly entrance: FrameProps['entrance']
  /** Whether its door lets newcomers make an account. */
  readonly maySignUp: boolean
  readonly title: string
  /** What the page shows, and who is signed in. */
  readonly polled: Polled<T>
  readonly children: (value: T, reload: () => Promise<void>) => React.ReactNode
}

/** A page of who is signed in: the door when nobody is, else what was loaded, or why it was not; what is old says so. */
export function SignedInPage<T extends { readonly person: NonNullable<FrameProps['person']> }>({ entrance, maySignUp, title, polled, children }: SignedInPageProps<T>): React.JSX.Element {
  const { t } = useTranslation()
  const { value, fault, reload } = polled
  const signedOut = fault?.status === 401
  useEffect(() => {
    if (!signedOut) document.title = `${title} · ${t('product')}`
  }, [title, t, signedOut])
  if (signedOut) {
    return (
      <Frame entrance={entrance}>
        <Door entrance={entrance} maySignUp={maySignUp} onSignedIn={reload} />
      </Frame>
    )
  }
  return (
    <Frame entrance={entrance} person={value?.person} onSignOut={() => void leave(reload)}>
      <h1 className="page-title">{title}</h1>
      {value !== undefined && fault !== undefined && <StaleNote fault={fault} />}
      {value !== undefined ? children(value, reload) : fault !== undefined ? <FaultAlert fault={fault} onRetry={() => void reload()} /> : <Loading />}
    </Frame>
  )
}
