import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { Invoice } from './plan-api.ts'

/** What was paid, each as a document to keep. */
export function Invoices({ invoices }: { readonly invoices: readonly Invoice[] }): React.JSX.Element {
  const { t, i18n } = useTranslation()
  const locale = useLocale()
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' })
  return (
    <section className="card" aria-labelledby="invoices-title">
      <h2 id="invoices-title">{t('plan.invoices')}</h2>
      <ul className="rows">
        {invoices.map(({ number, name, kind, issuedMs, plan, total, assetCode, assetScale }) => (
          <li key={number} className="row">
            <div className="row-main">
              <p className="row-title">
                {date.format(issuedMs)}, {formatMoney(total, { code: assetCode, scale: assetScale }, locale)}
              </p>
              <p className="quiet">{t(kind === 'invoice' ? 'plan.invoiceFor' : 'plan.creditNoteFor', { plan })}</p>
            </div>
            <a href={`/api/invoices/${number}?language=${i18n.language}`} download={`${name}.pdf`}>
              {t('plan.invoicePdf', { name })}
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
