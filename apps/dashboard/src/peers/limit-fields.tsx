import { TextInput } from '@mantine/core'
import type { Asset } from '@rivulet/money'
import { useTranslation } from 'react-i18next'
import { fieldAmount, typedAmount } from '../limits/amount-text.ts'
import { useMayChange } from '../session/changes.tsx'
import type { Peer } from './peers-api.ts'

const limitNames = ['owedMax', 'settlementThreshold', 'packetAmountMax', 'packetsPerSecondMax', 'packetsBurstMax', 'outgoingPacketsPerSecondMax'] as const
export type LimitName = (typeof limitNames)[number]
export type LimitTexts = Readonly<Record<LimitName, string>>

export const noLimits: LimitTexts = { owedMax: '', settlementThreshold: '', packetAmountMax: '', packetsPerSecondMax: '', packetsBurstMax: '', outgoingPacketsPerSecondMax: '' }
const amounts: readonly LimitName[] = ['owedMax', 'settlementThreshold', 'packetAmountMax']
/** What may be taken away: then nothing limits. */
const optional: readonly LimitName[] = ['settlementThreshold', 'outgoingPacketsPerSecondMax']

export function textsOf({ limits, asset }: Pick<Peer, 'limits' | 'asset'>, locale: string): LimitTexts {
  const { packetAmountMax, packetsPerSecondMax, packetsBurstMax, outgoingPacketsPerSecondMax, owedMax, settlementThreshold } = limits
  return {
    owedMax: owedMax === 0n ? '0' : fieldAmount(owedMax, asset, locale), settlementThreshold: fieldAmount(settlementThreshold, asset, locale), packetAmountMax: fieldAmount(packetAmountMax, asset, locale),
    packetsPerSecondMax: String(packetsPerSecondMax), packetsBurstMax: String(packetsBurstMax), outgoingPacketsPerSecondMax: outgoingPacketsPerSecondMax === null ? '' : String(outgoingPacketsPerSecondMax),
  }
}

/** What was typed as the server takes it: amounts in units. Undefined for what it would refuse; null for an emptied field that may be empty. */
function valueOf(name: LimitName, text: string, asset: Asset): string | number | null | undefined {
  if (text.trim() === '') return optional.includes(name) ? null : undefined
  if (!amounts.includes(name)) return /^[1-9][0-9]{0,5}$|^1000000$/.test(text.trim()) ? Number(text) : undefined
  if (name === 'owedMax' && text.trim() === '0') return '0'
  const amount = typedAmount(text, asset)
  return amount === null || amount === undefined ? undefined : String(amount)
}

/** The limits that were typed or changed, and the names of those that cannot be taken. @param before empty for a new peer, for whom an empty field leaves the default */
export function readLimits(texts: LimitTexts, before: LimitTexts, asset: Asset): { readonly limits: Readonly<Record<string, string | number | null>>; readonly wrong: readonly LimitName[] } {
  const changed = limitNames.filter((name) => texts[name].trim() !== before[name].trim())
  const read = changed.map((name) => [name, valueOf(name, texts[name], asset)] as const)
  return {
    limits: Object.fromEntries(read.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))),
    wrong: read.flatMap(([name, value]) => (value === undefined ? [name] : [])),
  }
}

export interface LimitFieldsProps {
  readonly texts: LimitTexts
  readonly assetCode: string
  readonly wrong: (field: string) => string | undefined
  readonly onChange: (texts: LimitTexts) => void
}

export function LimitFields({ texts, assetCode, wrong, onChange }: LimitFieldsProps): React.JSX.Element {
  const { t } = useTranslation()
  const mayChange = useMayChange()
  return (
    <div className="peer-fields">
      {limitNames.map((name) => (
        <TextInput
          key={name}
          label={t(`peers.limits.${name}`, { asset: assetCode }).replace(/, $/, '')}
          description={t(`peers.limitsWhy.${name}`)}
          inputMode={amounts.includes(name) ? 'decimal' : 'numeric'}
          maxLength={40}
          readOnly={!mayChange}
          value={texts[name]}
          error={wrong(name)}
          onChange={(event) => onChange({ ...texts, [name]: event.currentTarget.value })}
        />
      ))}
    </div>
  )
}
