import { TextInput } from '@mantine/core'
import { lazy, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import '../ledger/ledger.css'
import { Figure } from '../look/figure.tsx'
import { FaultAlert, Loading } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { loadOverview } from '../operator/operator-api.ts'
import '../payouts/payouts.css'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'
import { type Answers, calculate, type Calculation, type FieldName, fields } from './what-if-api.ts'
import './what-if.css'

const Charts = lazy(async () => ({ default: (await import('./charts.tsx')).Charts }))
const sessionPollMs = 60_000
/** Typing is followed, not each letter of it. */
const typingMs = 300

/** What a change of prices, costs, shares and fees would do. */
export function WhatIfPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadOverview, sessionPollMs)
  return <OperatorPage title={t('whatIf.title')} polled={polled}>{() => <WhatIf />}</OperatorPage>
}

function WhatIf(): React.JSX.Element {
  const { t } = useTranslation()
  const [answers, setAnswers] = useState<Answers>(() => Object.fromEntries(fields.map(({ name, initial }) => [name, initial])) as Record<FieldName, string>)
  const { calculation, fault } = useCalculation(answers)
  const wrong = fault?.code === 'request-invalid' ? fault.message.split(':')[0] : undefined
  const known = fields.some(({ name }) => name === wrong)
  return (
    <>
      <p className="quiet ledger-crumb">{t('whatIf.why')}</p>
      <form className="card what-if-form" aria-label={t('whatIf.title')} onSubmit={(event) => event.preventDefault()}>
        {fields.map(({ name, percent }) => (
          <TextInput
            key={name}
            label={t(`whatIf.fields.${name}`)}
            inputMode="decimal"
            maxLength={26}
            value={answers[name]}
            rightSection={percent ? '%' : undefined}
            error={wrong === name ? t('whatIf.notANumber') : undefined}
            onChange={(event) => setAnswers({ ...answers, [name]: event.currentTarget.value })}
          />
        ))}
      </form>
      {fault !== undefined && !known && <FaultAlert fault={fault} />}
      {calculation === undefined ? fault === undefined && <Loading /> : <Results calculation={calculation} stale={fault !== undefined} />}
    </>
  )
}

/** The last good calculation stays while a field is being corrected. */
function useCalculation(answers: Answers): { readonly calculation: Calculation | undefined; readonly fault: ApiFault | undefined } {
  const [calculation, setCalculation] = useState<Calculation>()
  const [fault, setFault] = useState<ApiFault>()
  useEffect(() => {
    let over = false
    const ask = async (): Promise<void> => {
      try {
        const answer = await calculate(answers)
        if (over) return
        setCalculation(answer)
        setFault(undefined)
      } catch (error) {
        if (!over) setFault(error instanceof ApiFault ? error : new ApiFault('server-error', String(error), { status: 0 }))
      }
    }
    const timer = setTimeout(() => void ask(), typingMs)
    return () => {
      over = true
      clearTimeout(timer)
    }
  }, [answers])
  return { calculation, fault }
}

function Results({ calculation, stale }: { readonly calculation: Calculation; readonly stale: boolean }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const number = (text: string | null, options: Intl.NumberFormatOptions = {}): string => (text === null ? t('whatIf.impossible') : new Intl.NumberFormat(locale, { maximumFractionDigits: 4, ...options }).format(text as `${number}`))
  const percent = (text: string): string => number(text, { style: 'percent', maximumFractionDigits: 1 })
  const { fee } = calculation
  return (
    <div className={stale ? 'what-if-results what-if-stale' : 'what-if-results'}>
      <dl className="figures">
        <Figure label={t('whatIf.profit')} value={number(calculation.profit)} why={t('whatIf.profitWhy')} tone={calculation.profit.startsWith('-') ? 'alarm' : undefined} />
        <Figure label={t('whatIf.margin')} value={number(calculation.unitMargin)} why={t(calculation.targetMet ? 'whatIf.targetMet' : 'whatIf.targetMissed', { rate: percent(calculation.marginRate) })} tone={calculation.targetMet ? undefined : 'warn'} />
        <Figure label={t('whatIf.breakEven')} value={number(calculation.breakEvenVolume)} why={t('whatIf.breakEvenWhy', { target: number(calculation.targetVolume) })} />
        <Figure label={t('whatIf.feeRatio')} value={percent(fee.ratio)} why={t(`whatIf.marks.${fee.mark}`, { warning: number(fee.purchasesForWarning), alarm: number(fee.purchasesForAlarm) })} tone={fee.mark === 'alarm' ? 'alarm' : fee.mark === 'warning' ? 'warn' : undefined} />
        <Figure label={t('whatIf.price')} value={number(calculation.priceForTarget)} why={t('whatIf.priceWhy', { markUp: number(calculation.priceForMarkUp) })} />
        <Figure label={t('whatIf.cost')} value={number(calculation.costForTarget)} why={t('whatIf.costWhy')} />
        {calculation.returnOnInvestment !== null && (
          <Figure label={t('whatIf.roi')} value={percent(calculation.returnOnInvestment)} why={calculation.paybackPeriods === null ? t('whatIf.neverPaidBack') : t('whatIf.paidBack', { periods: number(calculation.paybackPeriods) })} tone={calculation.paybackPeriods === null ? 'alarm' : undefined} />
        )}
      </dl>
      <Suspense fallback={<Loading />}>
        <Charts calculation={calculation} />
      </Suspense>
      <section className="card" aria-labelledby="what-if-curve">
        <h2 id="what-if-curve">{t('whatIf.curve')}</h2>
        <Table head={[t('whatIf.volume'), t('whatIf.revenue'), t('whatIf.costs'), t('whatIf.profit')]} label={t('whatIf.curve')} rows={calculation.curve.map(({ volume, revenue, costs, profit }) => [number(volume), number(revenue), number(costs), number(profit)])} />
      </section>
      <section className="card" aria-labelledby="what-if-tornado">
        <h2 id="what-if-tornado">{t('whatIf.tornado')}</h2>
        <Table head={[t('whatIf.input'), t('whatIf.lower'), t('whatIf.higher')]} label={t('whatIf.tornado')} rows={calculation.tornado.map(({ input, lower, higher }) => [t(`whatIf.fields.${input}`), number(lower), number(higher)])} />
      </section>
    </div>
  )
}

function Table({ head, rows, label }: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[]; readonly label: string }): React.JSX.Element {
  return (
    <div className="numbers-box" role="region" tabIndex={0} aria-label={label}>
      <table className="numbers">
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([first, ...cells]) => (
            <tr key={first}>
              <th scope="row">{first}</th>
              {cells.map((cell, index) => (
                <td key={head[index + 1]}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
