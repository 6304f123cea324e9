import { Button, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { useFaultWords } from '../words/use-fault-words.ts'

/** Asks for the number of a card; a refusal stands at the field, and what was typed stays. */
export function CardForm({ label, onCard }: { readonly label: string; readonly onCard: (number: string) => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const wordsOf = useFaultWords()
  const [number, setNumber] = useState('')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    setBusy(true)
    setFault(undefined)
    try {
      await onCard(number)
      setNumber('')
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
    setBusy(false)
  }

  return (
    <form className="plan-card" onSubmit={(event) => void submit(event)}>
      <TextInput
        label={t('plan.cardNumber')}
        description={t('plan.cardSandbox')}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        inputMode="numeric"
        autoComplete="cc-number"
        maxLength={40}
        required
        value={number}
        error={fault === undefined ? undefined : wordsOf(fault)}
        onChange={(event) => setNumber(event.currentTarget.value)}
      />
      <Button type="submit" loading={busy} disabled={number.trim() === ''}>
        {label}
      </Button>
    </form>
  )
}
