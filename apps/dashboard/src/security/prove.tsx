import { Button, PasswordInput } from '@mantine/core'
import { browserSupportsWebAuthn } from '@simplewebauthn/browser'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { answerByPasskey } from '../session/passkey.ts'

/** That it is she: what the server takes before something that cannot be undone. */
export type Proof = { readonly password: string } | { readonly passkey: unknown }

interface ProveProps {
  /** Whose password a password manager offers. */
  readonly email: string
  /** What is done with it, as the button says it. */
  readonly action: string
  readonly danger?: boolean
  readonly onProven: (proof: Proof) => Promise<void>
  readonly onCancel: () => void
  /** What its button says; “Cancel” unless told. */
  readonly cancel?: string
}

/** Asks once more who it is, by password or passkey, and then does what was asked for. A wrong password is said at its field, and what was typed stays. */
export function Prove({ email, action, danger = false, onProven, onCancel, cancel }: ProveProps): React.JSX.Element {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  const wrong = fault?.code === 'proof-wrong'
  return (
    <form
      className="form"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void run(() => onProven({ password }))
      }}
    >
      <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
      <PasswordInput data-autofocus label={t('prove.password')} name="password" autoComplete="current-password" value={password} error={wrong ? t('errors.proof-wrong') : undefined} visibilityToggleButtonProps={{ 'aria-label': t('session.show'), tabIndex: 0 }} onChange={(event) => setPassword(event.currentTarget.value)} />
      {fault !== undefined && !wrong && <FaultAlert fault={fault} />}
      <div className="row-actions">
        <Button type="submit" {...(danger && { color: 'red' })} loading={busy} disabled={password === ''}>
          {action}
        </Button>
        {browserSupportsWebAuthn() && (
          <Button type="button" variant="default" disabled={busy} onClick={() => void run(async () => onProven({ passkey: await answerByPasskey() }))}>
            {t('prove.passkey')}
          </Button>
        )}
        <Button type="button" variant="subtle" color="gray" disabled={busy} onClick={onCancel}>
          {cancel ?? t('prove.cancel')}
        </Button>
      </div>
    </form>
  )
}
