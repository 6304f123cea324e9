import { SignedInPage, type SignedInPageProps } from '../session/signed-in-page.tsx'

/** A page of the operators' entrance, where nobody signs up. */
export function OperatorPage<T extends { readonly person: { readonly name: string; readonly email: string } }>({ children, ...page }: Omit<SignedInPageProps<T>, 'entrance' | 'maySignUp'>): React.JSX.Element {
  return (
    <SignedInPage entrance="operator" maySignUp={false} {...page}>
      {(value, reload) => <div className="payouts-page">{children(value, reload)}</div>}
    </SignedInPage>
  )
}
