import { Alert, Button } from '@mantine/core'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { usePolled } from '../use-polled.ts'
import { loadStripeAccount, stripePage } from './payouts-api.ts'

const pollMs = 15_000

/** The account at Stripe, which is opened and completed there: what Stripe still wants, and whether money can go to it. */
export function StripeAccount({ onReady }: { readonly onReady: (ready: boolean) => void }): React.JSX.Element {
  const { t } = useTranslation()
  const { value, fault, reload } = usePolled(loadStripeAccount, pollMs)
  const deed = useDeed(() => Promise.resolve())
  const ready = value?.ready === true
  useEffect(() => onReady(ready), [onReady, ready])
  if (value === undefined) return fault === undefined ? <Loading /> : <FaultAlert fault={fault} onRetry={() => void reload()} />
  const { connected, due, bankRefused } = value
  return (
    <div className="stripe-account">
      <p className="quiet" role="status">
        {t(`payouts.stripe.${!connected ? 'none' : ready ? 'ready' : 'waiting'}`)}
      </p>
      {bankRefused !== null && (
        <Alert color="red" variant="light" role="alert">
          {t('payouts.stripe.bankRefused')}
        </Alert>
      )}
      {(!ready || due || bankRefused !== null) && (
        <Button variant="default" loading={deed.busy} onClick={() => void deed.run(async () => location.assign(await stripePage()))}>
          {t(connected ? 'payouts.stripe.complete' : 'payouts.stripe.open')}
        </Button>
      )}
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
    </div>
  )
}
