import { Anchor, Button, PasswordInput, TextInput } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { FaultAlert } from '../look/notice.tsx'
import { Current } from '../look/mark.tsx'
import { type Credentials, signIn, signUp } from './session.ts'

/** The button shows where the browser knows passkeys. */
const knowsPasskeys = typeof PublicKeyCredential === 'function'

export interface SignInProps {
  /** Whether people may make an account here themselves. */
  readonly maySignUp: boolean
  readonly onSignedIn: () => Promise<void>
}

type Problems = { readonly [field in keyof Credentials]?: string }

const passwordLengthMin = 8

/** Sign in, or sign up where that is allowed. What was typed stays, whatever the server says. */
export function SignIn({ maySignUp, onSignedIn }: SignInProps): React.JSX.Element {
  const { t } = useTranslation()
  // Whoever comes from the page that says what this is has no account yet.
  const [isNew, setNew] = useState(maySignUp && location.hash === '#sign-up')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [problems, setProblems] = useState<Problems>({})
  const [fault, setFault] = useState<ApiFault>()
  const [busy, setBusy] = useState(false)
  const [look, setLook] = useState(false)
  const emailField = useRef<HTMLInputElement>(null)
  const passwordField = useRef<HTMLInputElement>(null)

  // A browser that has a passkey offers it in the e-mail field.
  const offered = useRef<AbortController>(undefined)
  const afterSignIn = useRef(onSignedIn)
  afterSignIn.current = onSignedIn
  useEffect(() => {
    if (!knowsPasskeys) return undefined
    const gone = new AbortController()
    offered.current = gone
    const offer = async (): Promise<void> => {
      if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return
      const { signInByPasskey } = await import('./passkey.ts')
      if (!gone.signal.aborted && (await signInByPasskey(gone.signal))) await afterSignIn.current()
    }
    offer().catch((error: unknown) => {
      if (!gone.signal.aborted && error instanceof ApiFault && error.code === 'passkey-invalid') setFault(error)
    })
    return () => gone.abort()
  }, [])

  const byPasskey = async (): Promise<void> => {
    offered.current?.abort()
    setFault(undefined)
    setProblems({})
    setBusy(true)
    try {
      const { signInByPasskey } = await import('./passkey.ts')
      if (await signInByPasskey()) await onSignedIn()
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
    setBusy(false)
  }

  const check = (): Problems => ({
    ...(/^[^\s@]+@[^\s@]+$/.test(email.trim()) ? {} : { email: t('session.emailNeeded') }),
    ...(password === '' ? { password: t('session.passwordNeeded') } : isNew && password.length < passwordLengthMin ? { password: t('session.passwordShort') } : {}),
  })

  const submit = async (): Promise<void> => {
    const found = check()
    setProblems(found)
    setFault(undefined)
    if (found.email !== undefined) return emailField.current?.focus()
    if (found.password !== undefined) return passwordField.current?.focus()
    setBusy(true)
    try {
      const credentials = { email: email.trim(), password }
      if (!isNew) await signIn(credentials)
      else if ((await signUp(credentials)) === 'look-into-mail') {
        setLook(true)
        setNew(false)
        setBusy(false)
        return
      }
      await onSignedIn()
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
      setBusy(false)
      passwordField.current?.focus()
    }
  }

  return (
    <form
      className="sign-in"
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        void submit()
      }}
    >
      <h2>{isNew ? t('session.signUp') : t('session.signIn')}</h2>
      {fault !== undefined && <FaultAlert fault={fault} />}
      {look && (
        <p role="status">
          <strong>{t('mailed.lookTitle')}.</strong> {t('mailed.look', { email: email.trim() })}
        </p>
      )}
      <TextInput
        ref={emailField}
        label={t('session.email')}
        type="email"
        name="email"
        autoComplete="username webauthn"
        value={email}
        error={problems.email}
        onChange={(event) => setEmail(event.currentTarget.value)}
      />
      <PasswordInput
        ref={passwordField}
        label={t('session.password')}
        name="password"
        autoComplete={isNew ? 'new-password' : 'current-password'}
        description={isNew ? t('session.passwordRule') : undefined}
        value={password}
        error={problems.password}
        visibilityToggleButtonProps={{ 'aria-label': t('session.show'), tabIndex: 0 }}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" size="md" fullWidth loading={busy}>
        {isNew ? t('session.signUp') : t('session.signIn')}
      </Button>
      {!isNew && knowsPasskeys && (
        <Button type="button" variant="default" size="md" fullWidth disabled={busy} onClick={() => void byPasskey()}>
          {t('security.passkeySignIn')}
        </Button>
      )}
      {!isNew && (
        <p className="quiet sign-in-other">
          <a href="/forgotten">{t('mailed.forgotten')}</a>
        </p>
      )}
      {maySignUp && (
        <p className="quiet sign-in-other">
          {isNew ? t('session.haveAccount') : t('session.newHere')}{' '}
          <Anchor
            component="button"
            type="button"
            onClick={() => {
              setNew(!isNew)
              setProblems({})
              setFault(undefined)
            }}
          >
            {isNew ? t('session.signIn') : t('session.signUp')}
          </Anchor>
        </p>
      )}
    </form>
  )
}

/** The first page of an entrance for those who are not signed in. */
export function Door({ entrance, ...signInProps }: SignInProps & { readonly entrance: 'wallet' | 'publisher' | 'operator' }): React.JSX.Element {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${t('session.signIn')} · ${t('product')}`
  }, [t])
  return (
    <div className="door">
      <div className="door-words">
        <Current />
        <h1>{t(`session.${entrance}Title`)}</h1>
        <p>{t(`session.${entrance}Lead`)}</p>
        <p>
          <a className="door-about" href="/about">
            {t('about.link')}
          </a>
        </p>
      </div>
      <section className="card door-card" aria-label={t('session.signIn')}>
        <SignIn {...signInProps} />
      </section>
    </div>
  )
}
