import { Button, TextInput } from '@mantine/core'
import { parseAmount } from '@rivulet/money'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { usePolled } from '../use-polled.ts'
import { SubscriberPage } from '../wallet/subscriber-page.tsx'
import { shortPointer } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { giveTip, loadTips, type Tip, type Tips } from './tip-api.ts'
import './tip.css'

const pollMs = 2_000

/** One payment to somebody, and what became of those before. `?to=` fills in the payment pointer: what a page's button links to. */
export function TipPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadTips, pollMs)
  return (
    <SubscriberPage title={t('tip.title')} polled={polled}>
      {(tips, reload) => (
        <div className="tip-page">
          <GiveTip tips={tips} onGiven={reload} />
          <section className="card" aria-labelledby="tip-list">
            <h2 id="tip-list">{t('tip.list')}</h2>
            {tips.tips.length === 0 ? (
              <Empty title={t('tip.empty')} why={t('tip.emptyWhy')} />
            ) : (
              <ul className="rows">
                {tips.tips.map((tip) => (
                  <TipRow key={tip.id} tip={tip} tips={tips} />
                ))}
              </ul>
            )}
          </section>
        </div>
      )}
    </SubscriberPage>
  )
}

function GiveTip({ tips, onGiven }: { readonly tips: Tips; readonly onGiven: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const [to, setTo] = useState(() => new URLSearchParams(location.search).get('to')?.slice(0, 2_000) ?? '')
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<string>()
  /** The same until something is changed or it was given: a second press pays once. */
  const [key, setKey] = useState(() => crypto.randomUUID())
  const [given, setGiven] = useState<Tip>()
  const deed = useDeed(onGiven)
  const asset = { code: tips.assetCode, scale: tips.assetScale }

  const give = async (): Promise<void> => {
    let amount: bigint
    try {
      amount = parseAmount(text.trim().replace(',', '.'), asset)
    } catch {
      setProblem(t('tip.amountWrong'))
      return
    }
    if (amount < 1n) {
      setProblem(t('tip.amountWrong'))
      return
    }
    setProblem(undefined)
    setGiven(undefined)
    const done = await deed.run(async () => {
      try {
        setGiven(await giveTip(to.trim(), amount, key))
      } catch (error) {
        // What was refused stays refused under its key. Without an answer it may have been given: the same key finds out.
        if (error instanceof ApiFault && error.status !== 0) setKey(crypto.randomUUID())
        throw error
      }
    })
    if (!done) return
    setText('')
    setKey(crypto.randomUUID())
  }
  const change = (): void => {
    setKey(crypto.randomUUID())
    setProblem(undefined)
  }
  const now = given === undefined ? undefined : (tips.tips.find(({ id }) => id === given.id) ?? given)
  return (
    <section className="card" aria-labelledby="tip-give">
      <h2 id="tip-give">{t('tip.give')}</h2>
      <p className="quiet">{t('tip.why')}</p>
      <form
        className="form"
        onSubmit={(event) => {
          event.preventDefault()
          void give()
        }}
      >
        <TextInput
          label={t('tip.to')}
          description={t('tip.toWhy')}
          value={to}
          onChange={(event) => {
            setTo(event.currentTarget.value)
            change()
          }}
          maxLength={2_000}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode="url"
        />
        <TextInput
          label={t('tip.amount', { currency: asset.code })}
          value={text}
          error={problem}
          onChange={(event) => {
            setText(event.currentTarget.value)
            change()
          }}
          maxLength={24}
          inputMode="decimal"
          autoComplete="off"
        />
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
        <Button type="submit" loading={deed.busy} disabled={to.trim() === '' || text.trim() === ''}>
          {t('tip.submit')}
        </Button>
      </form>
      <div role="status">{now !== undefined && <Outcome tip={now} tips={tips} />}</div>
    </section>
  )
}

/** What is certain, and no more than that. */
function Outcome({ tip, tips }: { readonly tip: Tip; readonly tips: Tips }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const money = (units: bigint): string => formatMoney(units, { code: tips.assetCode, scale: tips.assetScale }, locale)
  const to = shortPointer(tip.to)
  const [taken, delivered] = [money(tip.takenAmount), tip.deliveredAmount === null ? undefined : money(tip.deliveredAmount)]
  if (tip.state === 'pending') return <p className="tip-outcome">{t('tip.pending', { to })}</p>
  if (tip.state === 'failed') return <p className="tip-outcome">{tip.takenAmount === 0n ? t('tip.failed', { to }) : t('tip.failedPart', { to, taken })}</p>
  const words = delivered === undefined ? t('tip.completedAway', { to, taken }) : t('tip.completed', { to, taken, delivered })
  return <p className="tip-outcome">{tip.feeAmount > 0n ? `${words} ${t('tip.fee', { fee: money(tip.feeAmount) })}` : words}</p>
}

function TipRow({ tip, tips }: { readonly tip: Tip; readonly tips: Tips }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  return (
    <li className="row">
      <div className="row-main">
        <p className="row-title">{shortPointer(tip.to)}</p>
        <p className="quiet">
          {t(`tip.state.${tip.state}`)} · {new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(tip.createdAtMs)}
        </p>
      </div>
      <p className="row-amount">{formatMoney(tip.state === 'pending' ? tip.amount : tip.takenAmount, { code: tips.assetCode, scale: tips.assetScale }, locale)}</p>
    </li>
  )
}
