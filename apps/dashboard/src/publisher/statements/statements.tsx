import { TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import * as z from 'zod/mini'
import { formatMoney } from '../../amounts.ts'
import { callApi } from '../../api.ts'
import { Empty } from '../../look/notice.tsx'
import { personSchema } from '../../session/session.ts'
import { usePolled } from '../../use-polled.ts'
import { shortPointer } from '../../words/names.ts'
import { useLocale } from '../../words/words.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { units } from '../units.ts'

const pollMs = 60_000

const statementsSchema = z.object({
  person: personSchema,
  from: z.string(),
  to: z.string(),
  statements: z.array(
    z.object({
      id: z.string(),
      url: z.string(),
      assetCode: z.string(),
      assetScale: z.number(),
      opening: units,
      closing: units,
      lines: z.array(z.object({ day: z.string(), kind: z.string(), site: z.nullable(z.string()), amount: units })),
    }),
  ),
})
type Statement = z.infer<typeof statementsSchema>['statements'][number]

const kinds = ['stream', 'share', 'split-in', 'split-out', 'split-return', 'payout', 'payout-return', 'correction'] as const

/** What moved on the publisher's pointers, by day and site; to be taken along as CSV and PDF. */
export function Statements(): React.JSX.Element {
  const { t, i18n } = useTranslation()
  const [days, setDays] = useState(thisMonth)
  const query = `from=${days.from}&to=${days.to}`
  const polled = usePolled(() => callApi(`/api/statements?${query}`, { answer: statementsSchema }), pollMs)
  const { reload } = polled
  useEffect(() => void reload(), [query, reload])
  const change = (to: Partial<typeof days>): void => {
    const next = { ...days, ...to }
    // A field that is being typed, or days in the wrong order, ask for nothing.
    if (/^\d{4}-\d\d-\d\d$/.test(next.from) && /^\d{4}-\d\d-\d\d$/.test(next.to) && next.from <= next.to) setDays(next)
  }
  return (
    <PublisherPage title={t('statements.title')} polled={polled}>
      {({ statements }) => (
        <>
          <p className="lead">{t('statements.why')}</p>
          <div className="stack">
            <section className="card" aria-label={t('statements.period')}>
              <div className="field-line">
                <TextInput type="date" label={t('statements.from')} defaultValue={days.from} onChange={(event) => change({ from: event.currentTarget.value })} />
                <TextInput type="date" label={t('statements.to')} defaultValue={days.to} onChange={(event) => change({ to: event.currentTarget.value })} />
                <a className="plain-button" href={`/api/statements.csv?${query}`} download>
                  {t('statements.csv')}
                </a>
                <a className="plain-button" href={`/api/statements.pdf?${query}&language=${i18n.language}`} download>
                  {t('statements.pdf')}
                </a>
              </div>
            </section>
            {statements.map((statement) => (
              <StatementCard key={statement.id} statement={statement} />
            ))}
          </div>
        </>
      )}
    </PublisherPage>
  )
}

function StatementCard({ statement }: { readonly statement: Statement }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { url, assetCode, assetScale, opening, closing, lines } = statement
  const money = (amount: bigint): string => formatMoney(amount, { code: assetCode, scale: assetScale }, locale)
  const known = (kind: string): string => {
    const found = kinds.find((one) => one === kind)
    return found === undefined ? kind : t(`statements.kind.${found}`)
  }
  return (
    <section className="card" aria-label={shortPointer(url)}>
      <h2>{shortPointer(url)}</h2>
      <dl className="income-parts">
        <dt>{t('statements.opening')}</dt>
        <dd>{money(opening)}</dd>
        <dt>{t('statements.closing')}</dt>
        <dd>{money(closing)}</dd>
      </dl>
      {lines.length === 0 ? (
        <Empty title={t('statements.empty')} why={t('statements.emptyWhy')} />
      ) : (
        <ul className="rows">
          {lines.map(({ day, kind, site, amount }) => (
            <li key={`${day} ${kind} ${site}`} className="row">
              <div className="row-main">
                <p className="row-title">{site === null ? known(kind) : site.replace(/^https?:\/\//, '')}</p>
                <p className="quiet">
                  {new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(Date.parse(day))}
                  {site !== null && ` · ${known(kind)}`}
                </p>
              </div>
              <p className="row-amount">{money(amount)}</p>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** Days are UTC, as the ledger's. */
function thisMonth(): { readonly from: string; readonly to: string } {
  const today = new Date().toISOString().slice(0, 10)
  return { from: `${today.slice(0, 8)}01`, to: today }
}
