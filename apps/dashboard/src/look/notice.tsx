import { Alert, Button, Loader } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ApiFault } from '../api.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { Mark } from './mark.tsx'

/** Nothing to list, and why. */
export function Empty({ title, why, children }: { readonly title: string; readonly why?: string; readonly children?: React.ReactNode }): React.JSX.Element {
  return (
    <div className="empty">
      <Mark size={36} />
      <p className="empty-title">{title}</p>
      {why !== undefined && <p className="quiet">{why}</p>}
      {children}
    </div>
  )
}

export function Loading(): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <div className="loading" role="status">
      <Loader type="dots" aria-hidden="true" />
      <span className="unseen">{t('frame.loading')}</span>
    </div>
  )
}

/** Why something failed and what to do, announced to screen readers. */
export function FaultAlert({ fault, onRetry }: { readonly fault: ApiFault; readonly onRetry?: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  return (
    <Alert color="red" variant="light" role="alert" className="fault">
      <p>{faultWords(fault)}</p>
      {onRetry !== undefined && (
        <Button size="compact-sm" variant="default" onClick={onRetry}>
          {t('frame.retry')}
        </Button>
      )}
    </Alert>
  )
}

/** What is shown is old: the last good answer stays, and says so. */
export function StaleNote({ fault }: { readonly fault: ApiFault }): React.JSX.Element {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  return (
    <p className="stale" role="status">
      {t('frame.stale', { why: faultWords(fault) })}
    </p>
  )
}
