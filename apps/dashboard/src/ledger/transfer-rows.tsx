import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { AccountNames, LedgerTransfer } from './ledger-api.ts'

/** Transfers as a list. Of one account (`of`) each shows the other side, and a sign: credits come in, debits go out. */
export function TransferRows({ transfers, names, of }: { readonly transfers: readonly LedgerTransfer[]; readonly names: AccountNames; readonly of?: string }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  return (
    <ul className="rows">
      {transfers.map(({ id, reason, debitAccountId, creditAccountId, amount, postedAtMs }) => {
        const debit = names[debitAccountId]
        const credit = names[creditAccountId]
        const out = debitAccountId === of
        const money = formatMoney(amount, { code: debit?.assetCode ?? '', scale: debit?.assetScale ?? 0 }, locale)
        return (
          <li key={id} className="row">
            <div className="row-main">
              <p className="row-title">
                <a href={`/ledger/${id}`}>{reason}</a>
              </p>
              <p className="quiet transfer-sides">
                {of === undefined ? (
                  <>
                    <a href={`/ledger/${debitAccountId}`}>{debit?.name ?? debitAccountId}</a> → <a href={`/ledger/${creditAccountId}`}>{credit?.name ?? creditAccountId}</a>
                  </>
                ) : (
                  <>
                    {out ? t('books.to') : t('books.from')} <a href={`/ledger/${out ? creditAccountId : debitAccountId}`}>{(out ? credit : debit)?.name ?? (out ? creditAccountId : debitAccountId)}</a>
                  </>
                )}
              </p>
              <p className="quiet">{time.format(postedAtMs)}</p>
            </div>
            <p className={out ? 'row-amount transfer-out' : 'row-amount'}>{of === undefined ? money : `${out ? '−' : '+'}${money}`}</p>
          </li>
        )
      })}
    </ul>
  )
}
