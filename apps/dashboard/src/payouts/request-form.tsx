import { Button, TextInput } from '@mantine/core'
import type { Asset } from '@rivulet/money'
import { type FormEvent, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { fieldAmount } from '../limits/amount-text.ts'
import { useDeed } from '../plan/use-deed.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { useLocale } from '../words/words.ts'
import { type Method, type Payout, type PayoutsPageData, type Quote, quotePayout, requestPayout } from './payouts-api.ts'
import { readAmount } from './read-amount.ts'

const askAfterMs = 300
/** Of a payout: from here on the fee is worth a word. */
const warnedShare = 0.15

/** Asks for an amount; fee and what arrives stand there before anybody agrees. */
export function RequestForm({ page, method, onDone }: { readonly page: PayoutsPageData; readonly method: Method; readonly onDone: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const wordsOf = useFaultWords()
  const asset: Asset = { code: page.assetCode, scale: page.assetScale }
  const [typed, setTyped] = useState('')
  // One key for each form that is filled in: sent twice, paid once.
  const [key, setKey] = useState(() => crypto.randomUUID())
  const [done, setDone] = useState<Payout['status']>()
  const deed = useDeed(onDone)
  const amount = readAmount(typed, asset)
  const { quote, fault } = useQuote(amount)
  const step = page.rails.find(({ rail }) => rail === method.rail)?.step ?? 1n
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (amount === undefined) return
    let status: Payout['status'] | undefined
    const asked = await deed.run(async () => {
      status = await requestPayout(amount, key)
    })
    if (!asked) return
    setKey(crypto.randomUUID())
    setTyped('')
    setDone(status)
  }
  const refused = deed.fault ?? fault
  return (
    <form onSubmit={(event) => void submit(event)}>
      <TextInput
        label={t('payouts.amount')}
        inputMode="decimal"
        autoComplete="off"
        value={typed}
        rightSectionWidth={64}
        rightSection={<span className="quiet">{asset.code}</span>}
        error={typed !== '' && amount === undefined ? t('errors.amount-invalid') : refused === undefined ? undefined : wordsOf(refused)}
        onChange={(event) => {
          setTyped(event.currentTarget.value)
          setDone(undefined)
        }}
      />
      {quote !== undefined && (
        <dl className="payout-price">
          <dt>{t('payouts.fee')}</dt>
          <dd>{formatMoney(quote.fee, asset, locale)}</dd>
          <dt>{t('payouts.arrives')}</dt>
          <dd>{formatMoney(quote.net, asset, locale)}</dd>
        </dl>
      )}
      {quote !== undefined && shareOf(quote) >= warnedShare && (
        <p className="payout-warning" role="status">
          {t('payouts.feeHigh', { share: new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 }).format(shareOf(quote)) })}
        </p>
      )}
      {quote !== undefined && quote.approvalsNeeded > 0 && <p className="quiet">{t(quote.approvalsNeeded === 1 ? 'payouts.needsApproval' : 'payouts.needsTwo')}</p>}
      <div className="payouts-tools">
        <Button type="submit" loading={deed.busy} disabled={quote === undefined}>
          {t('payouts.ask')}
        </Button>
        <Button variant="default" disabled={page.available < step} onClick={() => setTyped(fieldAmount(page.available - (page.available % step), asset, locale))}>
          {t('payouts.all')}
        </Button>
      </div>
      {done !== undefined && <p role="status">{t(done === 'awaiting-approval' ? 'payouts.requestedWaits' : 'payouts.requestedNow')}</p>}
    </form>
  )
}

/** What the fee takes of a payout. */
function shareOf({ fee, net }: Quote): number {
  return Number(fee) / Number(fee + net)
}

/** Asked for when typing rests. */
function useQuote(amount: bigint | undefined): { readonly quote: Quote | undefined; readonly fault: ApiFault | undefined } {
  const [answer, setAnswer] = useState<{ readonly amount: bigint; readonly quote?: Quote; readonly fault?: ApiFault }>()
  useEffect(() => {
    if (amount === undefined) return undefined
    let stale = false
    const timer = setTimeout(() => {
      quotePayout(amount).then(
        (quote) => !stale && setAnswer({ amount, quote }),
        (error: unknown) => !stale && error instanceof ApiFault && setAnswer({ amount, fault: error }),
      )
    }, askAfterMs)
    return () => {
      stale = true
      clearTimeout(timer)
    }
  }, [amount])
  return answer === undefined || answer.amount !== amount ? { quote: undefined, fault: undefined } : { quote: answer.quote, fault: answer.fault }
}
