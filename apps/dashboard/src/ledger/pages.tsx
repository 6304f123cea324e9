import { Button } from '@mantine/core'

/** On through a list that is longer than a page, and back to its beginning. */
export function Pages({ onFirst, onNext, first, next }: { readonly onFirst: (() => void) | undefined; readonly onNext: (() => void) | undefined; readonly first: string; readonly next: string }): React.JSX.Element | null {
  if (onFirst === undefined && onNext === undefined) return null
  return (
    <div className="ledger-pages">
      {onFirst !== undefined && (
        <Button variant="default" onClick={onFirst}>
          {first}
        </Button>
      )}
      {onNext !== undefined && (
        <Button variant="default" onClick={onNext}>
          {next}
        </Button>
      )}
    </div>
  )
}
