import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { useLocale } from '../../words/words.ts'
import { changeSplit, type Pointer } from './pointers-api.ts'

interface Line {
  readonly key: number
  readonly pointer: string
  readonly weight: string
}

const partsMax = 20

/** Who gets which part of what comes from now on. The pointer itself is a part like the others. */
export function SplitForm({ pointer, onDone, onCancel }: { readonly pointer: Pointer; readonly onDone: () => Promise<void>; readonly onCancel: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [lines, setLines] = useState<readonly Line[]>(() =>
    (pointer.split?.parts ?? [{ pointer: pointer.url, weight: 50 }, { pointer: '', weight: 50 }]).map((part, key) => ({ key, pointer: part.pointer, weight: String(part.weight) })),
  )
  const deed = useDeed(onDone)
  const { busy, fault } = deed
  const change = (key: number, to: Partial<Line>): void => setLines(lines.map((line) => (line.key === key ? { ...line, ...to } : line)))
  const parts = lines.map(({ pointer: to, weight }) => ({ pointer: to.trim(), weight: /^[1-9][0-9]{0,4}$/.test(weight.trim()) ? Number(weight) : 0 }))
  const whole = parts.reduce((sum, { weight }) => sum + weight, 0)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 })
  return (
    <form
      className="proof"
      aria-label={t('pointers.share')}
      onSubmit={(event) => {
        event.preventDefault()
        void deed.run(() => changeSplit(pointer.id, parts))
      }}
    >
      <p className="quiet">{t('pointers.rule')}</p>
      {lines.map(({ key, pointer: to, weight }, index) => (
        <div key={key} className="field-line split-line">
          <TextInput label={t('pointers.part', { number: index + 1 })} value={to} onChange={(event) => change(key, { pointer: event.currentTarget.value })} maxLength={2_000} autoComplete="off" autoCapitalize="none" spellCheck={false} inputMode="url" />
          <TextInput className="split-weight" label={t('pointers.weight')} value={weight} onChange={(event) => change(key, { weight: event.currentTarget.value })} maxLength={5} inputMode="numeric" autoComplete="off" rightSection={whole > 0 ? <span className="quiet">{percent.format((parts[index]?.weight ?? 0) / whole)}</span> : undefined} rightSectionWidth={72} />
          <Button variant="default" disabled={lines.length < 2} aria-label={t('pointers.dropPart', { number: index + 1 })} onClick={() => setLines(lines.filter((line) => line.key !== key))}>
            {t('sites.remove')}
          </Button>
        </div>
      ))}
      {fault !== undefined && <FaultAlert fault={fault} />}
      <div className="deeds">
        <Button type="submit" loading={busy} disabled={parts.some(({ pointer: to, weight }) => to === '' || weight < 1)}>
          {t('pointers.save')}
        </Button>
        <Button variant="default" disabled={lines.length >= partsMax} onClick={() => setLines([...lines, { key: Math.max(...lines.map(({ key }) => key)) + 1, pointer: '', weight: '10' }])}>
          {t('pointers.addPart')}
        </Button>
        <Button variant="default" disabled={busy} onClick={onCancel}>
          {t('pointers.cancel')}
        </Button>
      </div>
    </form>
  )
}
