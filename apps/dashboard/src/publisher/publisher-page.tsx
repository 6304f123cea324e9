import { SignedInPage, type SignedInPageProps } from '../session/signed-in-page.tsx'

/** A page of the publisher's entrance. */
export function PublisherPage<T extends { readonly person: { readonly name: string; readonly email: string } }>(page: Omit<SignedInPageProps<T>, 'entrance' | 'maySignUp'>): React.JSX.Element {
  return <SignedInPage entrance="publisher" maySignUp {...page} />
}
