import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FrameProps } from '../look/frame.tsx'
import { SignedInPage } from '../session/signed-in-page.tsx'
import { usePolled } from '../use-polled.ts'
import { EmailForm, PasswordForm } from './credentials.tsx'
import { Passkeys } from './passkeys.tsx'
import { loadSecurity, type Security } from './security-api.ts'
import { SignIns } from './sign-ins.tsx'

const pollMs = 15_000

/** How one gets in, and where one is in. */
export function SecurityPage({ entrance }: { readonly entrance: FrameProps['entrance'] }): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadSecurity, pollMs)
  return (
    <SignedInPage entrance={entrance} maySignUp={false} title={t('security.title')} polled={polled}>
      {(security) => <Parts {...security} reload={polled.reload} />}
    </SignedInPage>
  )
}

/** What was done is said here, and gone with whoever did it. */
function Parts({ passkeys, signIns, person, writes, reload }: Security & { readonly reload: () => Promise<void> }): React.JSX.Element {
  const [said, setSaid] = useState('')
  const tell = async (words: string): Promise<void> => {
    setSaid(words)
    await reload()
  }
  return (
    <div className="security">
      <p role="status" className="security-said">
        {said}
      </p>
      <Passkeys passkeys={passkeys} onChanged={tell} />
      <SignIns signIns={signIns} onChanged={tell} />
      <PasswordForm email={person.email} onChanged={tell} />
      <EmailForm email={person.email} writes={writes} onChanged={tell} />
    </div>
  )
}
