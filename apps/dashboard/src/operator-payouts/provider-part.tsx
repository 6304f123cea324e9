import { FileButton, Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { Changes } from '../session/changes.tsx'
import { useLocale } from '../words/words.ts'
import { type ProviderStatement, uploadProviderStatement } from './operator-payouts-api.ts'

/** What providers of cards say, as CSV: taken by name, compared under reconciliation. */
export function ProviderPart({ statements, reload }: { readonly statements: readonly ProviderStatement[]; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const day = new Intl.DateTimeFormat(useLocale(), { dateStyle: 'medium', timeZone: 'UTC' })
  const deed = useDeed(reload)
  const [provider, setProvider] = useState('stripe')
  const [[from, to], setDays] = useState<readonly [string, string]>(['', ''])
  return (
    <section className="card" aria-labelledby="provider-title">
      <h2 id="provider-title">{t('operatorPayouts.providers')}</h2>
      <p className="quiet">{t('operatorPayouts.providersWhy')}</p>
      <Changes>
        <div className="payouts-tools">
          <TextInput label={t('operatorPayouts.provider')} value={provider} maxLength={40} onChange={(event) => setProvider(event.currentTarget.value)} />
          <TextInput type="date" label={t('operatorPayouts.from')} value={from} onChange={(event) => setDays([event.currentTarget.value, to])} />
          <TextInput type="date" label={t('operatorPayouts.to')} value={to} onChange={(event) => setDays([from, event.currentTarget.value])} />
          <FileButton accept=".csv,text/csv" inputProps={{ 'aria-label': t('operatorPayouts.uploadCsv') }} onChange={(file) => void (file !== null && deed.run(async () => uploadProviderStatement({ provider, name: file.name, from, to }, await file.text())))}>
            {(props) => (
              <Button variant="default" loading={deed.busy} disabled={provider === ''} {...props}>
                {t('operatorPayouts.uploadCsv')}
              </Button>
            )}
          </FileButton>
        </div>
      </Changes>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {statements.length === 0 ? (
        <Empty title={t('operatorPayouts.statementsEmpty')} />
      ) : (
        <ul className="rows">
          {statements.map(({ id, provider: whose, name, fromMs, toMs, lines }) => (
            <li key={id} className="row">
              <div className="row-main">
                <p className="row-title">
                  {whose} · {name}
                </p>
                <p className="quiet">{t('operatorPayouts.covers', { from: day.format(fromMs), to: day.format(toMs), count: lines })}</p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
