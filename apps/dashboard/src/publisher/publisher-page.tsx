import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import type { ApiFault } from '../api.ts'
import { Frame } from '../look/frame.tsx'
import { FaultAlert, Loading, StaleNote } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { leave } from '../session/session.ts'
import type { Polled } from '../use-polled.ts'

interface PublisherPageProps<T> {
  readonly title: string
  readonly polled: Polled<T>
  readonly children: (value: T, reload: () => Promise<void>) => React.ReactNode
}

/** A page of the publisher: its door for who is not signed in, and what was loaded, or why not. */
export function PublisherPage<T extends { readonly person: { readonly name: string; readonly email: string } }>({ title, polled, children }: PublisherPageProps<T>): React.JSX.Element {
  const { t } = useTranslation()
  const { value, fault, reload } = polled
  useEffect(() => {
    if (fault?.status !== 401) document.title = `${title} · ${t('product')}`
  }, [title, t, fault?.status])
  if (fault?.status === 401) {
    return (
      <Frame entrance="publisher">
        <Door entrance="publisher" maySignUp onSignedIn={reload} />
      </Frame>
    )
  }
  return (
    <Frame entrance="publisher" person={value?.person} onSignOut={() => void leave(reload)}>
      <h1 className="page-title">{title}</h1>
      <Content {...{ value, fault, reload }}>{children}</Content>
    </Frame>
  )
}

function Content<T>({ value, fault, reload, children }: Polled<T> & Pick<PublisherPageProps<T>, 'children'>): React.JSX.Element {
  if (value === undefined) return fault === undefined ? <Loading /> : <Retry fault={fault} reload={reload} />
  return (
    <>
      {fault !== undefined && <StaleNote fault={fault} />}
      {children(value, reload)}
    </>
  )
}

function Retry({ fault, reload }: { readonly fault: ApiFault; readonly reload: () => Promise<void> }): React.JSX.Element {
  return <FaultAlert fault={fault} onRetry={() => void reload()} />
}
