import { Button, NativeSelect, TextInput } from '@mantine/core'
import type { Asset } from '@rivulet/money'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { fieldAmount } from '../limits/amount-text.ts'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { useLocale } from '../words/words.ts'
import { type Method, type PayoutsPageData, type Rail, savePayoutMethod, type Schedule } from './payouts-api.ts'
import { readAmount } from './read-amount.ts'
import { StripeAccount } from './stripe-account.tsx'
import { ThresholdWhy } from './threshold-why.tsx'

const schedules: readonly Schedule[] = ['none', 'daily', 'weekly', 'monthly']
const fields = { sepa: 'iban', interledger: 'walletAddress', manual: 'instructions' } as const

/** Where the money goes, and when by itself. What is refused stands at its field, and what was typed stays. */
export function MethodForm({ page, method, onDone, onBack }: { readonly page: PayoutsPageData; readonly method: Method | null; readonly onDone: () => Promise<void>; readonly onBack: (() => void) | undefined }): React.JSX.Element {
  const { t } = useTranslation()
  const wordsOf = useFaultWords()
  const locale = useLocale()
  const asset: Asset = { code: page.assetCode, scale: page.assetScale }
  const [rail, setRail] = useState<Rail>(method?.rail ?? page.rails[0]?.rail ?? 'manual')
  const [holder, setHolder] = useState('')
  const [where, setWhere] = useState('')
  const [schedule, setSchedule] = useState<Schedule>(method?.schedule ?? 'none')
  /** Undefined: nothing was typed, what is proposed stands there. */
  const [typed, setTyped] = useState(method === null || method.schedule === 'none' ? undefined : fieldAmount(method.threshold, asset, locale))
  const [ready, setReady] = useState(false)
  const deed = useDeed(onDone)
  const field = rail === 'stripe' ? undefined : fields[rail]
  const terms = page.rails.find((one) => one.rail === rail)
  const threshold = typed ?? fieldAmount(terms?.proposed ?? page.minimum, asset, locale)
  const amount = readAmount(threshold, asset)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const destination = rail === 'sepa' ? { rail, name: holder, iban: where } : field === undefined ? { rail } : { rail, [field]: where }
    void deed.run(() => savePayoutMethod(destination, schedule, schedule === 'none' ? 0n : (amount ?? 0n)))
  }
  const refused = deed.fault === undefined ? undefined : wordsOf(deed.fault)
  const atThreshold = deed.fault?.code === 'amount-too-small'
  return (
    <form onSubmit={submit}>
      <NativeSelect label={t('payouts.rail')} value={rail} onChange={(event) => setRail(event.currentTarget.value as Rail)} data={page.rails.map((one) => ({ value: one.rail, label: t(`payouts.rails.${one.rail}`) }))} />
      {rail === 'sepa' && <TextInput label={t('payouts.holder')} required maxLength={200} autoComplete="name" value={holder} onChange={(event) => setHolder(event.currentTarget.value)} />}
      {field === undefined ? (
        <StripeAccount onReady={setReady} />
      ) : (
      <TextInput
        label={t(`payouts.${field}`)}
        description={rail === 'interledger' ? t('payouts.walletAddressWhy') : rail === 'manual' ? t('payouts.instructionsWhy') : undefined}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        required
        maxLength={500}
        value={where}
        error={atThreshold ? undefined : refused}
        onChange={(event) => setWhere(event.currentTarget.value)}
      />
      )}
      <NativeSelect label={t('payouts.schedule')} value={schedule} onChange={(event) => setSchedule(event.currentTarget.value as Schedule)} data={schedules.map((one) => ({ value: one, label: t(`payouts.schedules.${one}`) }))} />
      {schedule !== 'none' && (
        <TextInput
          label={t('payouts.threshold')}
          description={<ThresholdWhy terms={terms} asset={asset} amount={amount} />}
          inputWrapperOrder={['label', 'input', 'error', 'description']}
          inputMode="decimal"
          required
          value={threshold}
          rightSectionWidth={64}
          rightSection={<span className="quiet">{asset.code}</span>}
          error={atThreshold ? refused : undefined}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      {field === undefined && deed.fault !== undefined && !atThreshold && <FaultAlert fault={deed.fault} />}
      <div className="payouts-tools">
        <Button type="submit" loading={deed.busy} disabled={(field === undefined ? !ready : where.trim() === '') || (schedule !== 'none' && amount === undefined)}>
          {t('payouts.save')}
        </Button>
        {onBack !== undefined && (
          <Button variant="default" onClick={onBack}>
            {t('payouts.cancelChange')}
          </Button>
        )}
      </div>
    </form>
  )
}
