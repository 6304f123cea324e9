import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Frame } from '../look/frame.tsx'
import { FaultAlert, Loading, StaleNote } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { leave } from '../session/session.ts'
import { type Polled } from '../use-polled.ts'

/** A page of the operators' entrance: the door when nobody is signed in, else what was loaded, or why it was not. */
export function OperatorPage<T extends { readonly person: { readonly name: string; readonly email: string } }>({ title, polled, children }: { readonly title: string; readonly polled: Polled<T>; readonly children: (value: T) => React.ReactNode }): React.JSX.Element {
  const { t } = useTranslation()
  const { value, fault, reload } = polled
  useEffect(() => {
    document.title = `${title} · ${t('product')}`
  }, [t, title])
  if (fault?.status === 401) {
    return (
      <Frame entrance="operator">
        <Door entrance="operator" maySignUp={false} onSignedIn={reload} />
      </Frame>
    )
  }
  if (value === undefined) return <Frame entrance="operator">{fault === undefined ? <Loading /> : <FaultAlert fault={fault} onRetry={() => void reload()} />}</Frame>
  return (
    <Frame entrance="operator" person={value.person} onSignOut={() => void leave(reload)}>
      <h1 className="page-title">{title}</h1>
      {fault !== undefined && <StaleNote fault={fault} />}
      <div className="payouts-page">{children(value)}</div>
    </Frame>
  )
}
