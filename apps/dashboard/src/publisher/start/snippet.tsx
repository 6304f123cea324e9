import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

/** Text to be taken along, with a button that copies it. Where the browser does not let it, it can be selected. @param name what it is, for screen readers */
export function Snippet({ text, name }: { readonly text: string; readonly name: string }): React.JSX.Element {
  const { t } = useTranslation()
  const [said, setSaid] = useState<'copied' | 'select'>()
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text)
      setSaid('copied')
    } catch {
      setSaid('select')
    }
  }
  return (
    <div className="snippet-box">
      <pre className="snippet" tabIndex={0} aria-label={name}>
        <code>{text}</code>
      </pre>
      <Button variant="default" size="compact-md" aria-label={`${t('publisher.copy')}: ${name}`} onClick={() => void copy()}>
        {said === 'copied' ? t('publisher.copied') : t('publisher.copy')}
      </Button>
      <span className="quiet snippet-said" role="status">
        {said === 'select' && t('start.select')}
      </span>
    </div>
  )
}
