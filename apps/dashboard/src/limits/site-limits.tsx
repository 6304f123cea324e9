import { Button, Switch, TextInput } from '@mantine/core'
import type { Asset } from '@rivulet/money'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAge, formatMoney, perHour } from '../amounts.ts'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { shortSite } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { fieldAmount, typedAmount, typedRate } from './amount-text.ts'
import { changeSite, type LimitedSite } from './limits-api.ts'

const decimals = 4

/** One site: what it got this month, and what it may get. */
export function SiteLimits({ site, asset, usualRate, onChange }: { readonly site: LimitedSite; readonly asset: Asset; readonly usualRate: bigint; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [open, setOpen] = useState(false)
  const name = shortSite(site.site)
  const money = (units: bigint): string => formatMoney(units, asset, locale, decimals)
  const said = [
    site.blocked ? t('limits.isBlocked') : '',
    site.capPerMonth === null ? '' : t('limits.isCapped', { amount: money(site.capPerMonth) }),
    site.rate === null ? '' : t('limits.isRated', { amount: money(perHour(site.rate)) }),
  ].filter((text) => text !== '')
  return (
    <li className="row limits-site">
      <div className="row-main">
        <p className="row-title">{name}</p>
        <p className="quiet">{t('limits.thisMonth', { amount: money(site.spentThisMonth), time: formatAge(site.secondsThisMonth * 1_000, locale) })}</p>
        <p className={site.blocked ? 'state state-ended' : 'quiet'}>{said.length === 0 ? t('limits.isFree') : said.join(' · ')}</p>
        {open && <SiteForm site={site} asset={asset} usualRate={usualRate} onDone={() => setOpen(false)} onChange={onChange} />}
      </div>
      {!open && (
        <Button variant="default" size="compact-md" aria-label={t('limits.changeSite', { site: name })} onClick={() => setOpen(true)}>
          {t('limits.change')}
        </Button>
      )}
    </li>
  )
}

interface SiteFormProps {
  readonly site: LimitedSite
  readonly asset: Asset
  readonly usualRate: bigint
  readonly onDone: () => void
  readonly onChange: () => Promise<void>
}

function SiteForm({ site, asset, usualRate, onDone, onChange }: SiteFormProps): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const deed = useDeed(onChange)
  const [blocked, setBlocked] = useState(site.blocked)
  const [capText, setCapText] = useState(fieldAmount(site.capPerMonth, asset, locale))
  const [rateText, setRateText] = useState(fieldAmount(site.rate === null ? null : perHour(site.rate), asset, locale))
  const capPerMonth = typedAmount(capText, asset)
  const rate = typedRate(rateText, asset)
  const invalid = t('limits.amountInvalid')

  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (capPerMonth === undefined || rate === undefined) return
    if (await deed.run(() => changeSite(site.id, { blocked, capPerMonth, rate }))) onDone()
  }

  return (
    <form className="limits-form" onSubmit={(event) => void save(event)}>
      <Switch label={t('limits.block')} description={t('limits.blockWhy')} checked={blocked} onChange={(event) => setBlocked(event.currentTarget.checked)} />
      <TextInput
        label={t('limits.cap', { asset: asset.code })}
        description={t('limits.capWhy')}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        inputMode="decimal"
        maxLength={24}
        value={capText}
        error={capPerMonth === undefined ? invalid : undefined}
        onChange={(event) => setCapText(event.currentTarget.value)}
      />
      <TextInput
        label={t('limits.siteRate', { asset: asset.code })}
        description={t('limits.siteRateWhy')}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        inputMode="decimal"
        maxLength={24}
        placeholder={fieldAmount(perHour(usualRate), asset, locale)}
        value={rateText}
        error={rate === undefined ? invalid : undefined}
        onChange={(event) => setRateText(event.currentTarget.value)}
      />
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      <div className="row-actions">
        <Button type="submit" loading={deed.busy} disabled={capPerMonth === undefined || rate === undefined}>
          {t('limits.save')}
        </Button>
        <Button variant="default" disabled={deed.busy} onClick={onDone}>
          {t('limits.cancel')}
        </Button>
      </div>
    </form>
  )
}
