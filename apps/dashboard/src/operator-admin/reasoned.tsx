import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { useMayChange } from '../session/changes.tsx'
import { useDeed } from '../plan/use-deed.ts'

/** Something that is done in two steps: first its button, then why, and only then it happens. */
export function Reasoned({ label, warning, work, after }: { readonly label: string; readonly warning: string; readonly work: (reason: string) => Promise<void>; readonly after: () => Promise<void> }): React.JSX.Element | null {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const [reason, setReason] = useState('')
  const deed = useDeed(after)
  const mayChange = useMayChange()
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!(await deed.run(() => work(reason)))) return
    setOpen(false)
    setReason('')
  }
  if (!mayChange) return null
  if (!open) {
    return (
      <Button variant="default" onClick={() => setOpen(true)}>
        {label}
      </Button>
    )
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <p>{warning}</p>
      <TextInput label={t('admin.reason')} description={t('admin.reasonWhy')} required minLength={3} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} data-autofocus />
      <div className="payouts-tools">
        <Button type="submit" loading={deed.busy} disabled={reason.trim().length < 3}>
          {label}
        </Button>
        <Button variant="default" onClick={() => setOpen(false)}>
          {t('admin.back')}
        </Button>
      </div>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
    </form>
  )
}
