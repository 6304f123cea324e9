import { Button, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import '../ledger/ledger.css'

export interface SearchRowProps {
  readonly label: string
  readonly why?: string
  /** What is searched for now. */
  readonly given: string
  /** Asked for with the whole text, trimmed. */
  readonly onFind: (text: string) => void
  /** Choices, each of which counts at once, given the text as it is typed so far. */
  readonly children: (text: string) => ReactNode
}

/** What a list is narrowed by: a text, and choices beside it. */
export function SearchRow({ label, why, given, onFind, children }: SearchRowProps): React.JSX.Element {
  const { t } = useTranslation()
  const [typed, setTyped] = useState(given)
  const text = typed.trim()
  const find = (event: FormEvent): void => {
    event.preventDefault()
    onFind(text)
  }
  return (
    <form className="ledger-search" role="search" onSubmit={find}>
      <TextInput label={label} description={why} maxLength={200} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
      {children(text)}
      <Button type="submit" variant="default">
        {t('admin.find')}
      </Button>
    </form>
  )
}
