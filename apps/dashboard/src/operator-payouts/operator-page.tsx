import { useTranslation } from 'react-i18next'
import { useMayChange } from '../session/changes.tsx'
import { SignedInPage, type SignedInPageProps } from '../session/signed-in-page.tsx'

/** A page of the operators' entrance, where nobody signs up. */
export function OperatorPage<T extends { readonly person: { readonly name: string; readonly email: string } }>({ children, ...page }: Omit<SignedInPageProps<T>, 'entrance' | 'maySignUp'>): React.JSX.Element {
  return (
    <SignedInPage entrance="operator" maySignUp={false} {...page}>
      {(value, reload) => (
        <div className="payouts-page">
          <ReadOnlyNote />
          {children(value, reload)}
        </div>
      )}
    </SignedInPage>
  )
}

/** Why nothing can be changed here, to who may only look. */
function ReadOnlyNote(): React.JSX.Element | null {
  const { t } = useTranslation()
  return useMayChange() ? null : <p className="read-only-note">{t('readOnly.note')}</p>
}
