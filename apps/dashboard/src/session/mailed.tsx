/** Where the links of mails lead: the token stands in the fragment, which no server sees. */
import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { Frame, type FrameProps } from '../look/frame.tsx'
import { FaultAlert } from '../look/notice.tsx'
import { confirmAddress, requestReset, resetPassword } from './session.ts'

type Entrance = FrameProps['entrance']

/** The page at `/forgotten`, `/reset` or `/confirm`; undefined for any other path. */
export function mailedPageAt(path: string, entrance: Entrance): React.JSX.Element | undefined {
  if (path === '/forgotten') return <Forgotten entrance={entrance} />
  if (path === '/reset') return <Reset entrance={entrance} />
  return path === '/confirm' ? <Confirm entrance={entrance} /> : undefined
}

/** One action at the server, what became of it, and whether it is under way. */
function useAction(): { readonly fault: ApiFault | undefined; readonly busy: boolean; readonly done: boolean; readonly run: (action: () => Promise<void>) => Promise<void> } {
  const [fault, setFault] = useState<ApiFault>()
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)
  const run = async (action: () => Promise<void>): Promise<void> => {
    setFault(undefined)
    setBusy(true)
    try {
      await action()
      setDone(true)
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
    setBusy(false)
  }
  return { fault, busy, done, run }
}

function Page({ entrance, title, children }: { readonly entrance: Entrance; readonly title: string; readonly children: React.ReactNode }): React.JSX.Element {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${title} · ${t('product')}`
  }, [t, title])
  return (
    <Frame entrance={entrance}>
      <section className="card door-card mailed" aria-labelledby="mailed-title">
        <h1 id="mailed-title" className="page-title">
          {title}
        </h1>
        {children}
        <p className="quiet">
          <a href="/">{t('mailed.toSignIn')}</a>
        </p>
      </section>
    </Frame>
  )
}

function Forgotten({ entrance }: { readonly entrance: Entrance }): React.JSX.Element {
  const { t } = useTranslation()
  const [email, setEmail] = useState('')
  const [problem, setProblem] = useState<string>()
  const { fault, busy, done, run } = useAction()
  if (done) {
    return (
      <Page entrance={entrance} title={t('mailed.forgottenTitle')}>
        <p role="status">{t('mailed.forgottenSent', { email: email.trim() })}</p>
      </Page>
    )
  }
  return (
    <Page entrance={entrance} title={t('mailed.forgottenTitle')}>
      <p>{t('mailed.forgottenLead')}</p>
      <form
        className="sign-in"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          const whole = /^[^\s@]+@[^\s@]+$/.test(email.trim())
          setProblem(whole ? undefined : t('session.emailNeeded'))
          if (whole) void run(() => requestReset(email.trim()))
        }}
      >
        {fault !== undefined && <FaultAlert fault={fault} />}
        <TextInput label={t('session.email')} type="email" name="email" autoComplete="username" value={email} error={problem} onChange={(event) => setEmail(event.currentTarget.value)} />
        <Button type="submit" size="md" fullWidth loading={busy}>
          {t('mailed.forgottenSend')}
        </Button>
      </form>
    </Page>
  )
}

function Reset({ entrance }: { readonly entrance: Entrance }): React.JSX.Element {
  const { t } = useTranslation()
  const [password, setPassword] = useState('')
  const [problem, setProblem] = useState<string>()
  const { fault, busy, done, run } = useAction()
  if (done) {
    return (
      <Page entrance={entrance} title={t('mailed.resetTitle')}>
        <p role="status">{t('mailed.resetDone')}</p>
      </Page>
    )
  }
  return (
    <Page entrance={entrance} title={t('mailed.resetTitle')}>
      <form
        className="sign-in"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          const long = password.length >= 8
          setProblem(long ? undefined : t('session.passwordShort'))
          if (long) void run(() => resetPassword(location.hash.slice(1), password))
        }}
      >
        {fault !== undefined && <FaultAlert fault={fault} />}
        <PasswordInput
          label={t('session.password')}
          description={t('session.passwordRule')}
          name="password"
          autoComplete="new-password"
          value={password}
          error={problem}
          visibilityToggleButtonProps={{ 'aria-label': t('session.show'), tabIndex: 0 }}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" fullWidth loading={busy}>
          {t('mailed.resetSave')}
        </Button>
      </form>
    </Page>
  )
}

function Confirm({ entrance }: { readonly entrance: Entrance }): React.JSX.Element {
  const { t } = useTranslation()
  const [state, setState] = useState<ApiFault | 'confirmed'>()
  useEffect(() => {
    const token = location.hash.slice(1)
    // Whoever comes without a link is told so here: the server has nothing to look at.
    if (token === '') return setState(new ApiFault('invalid-token', 'no token in the address', { status: 0 }))
    confirmAddress(token).then(
      () => setState('confirmed'),
      (error: unknown) => setState(error instanceof ApiFault ? error : new ApiFault('unknown', String(error), { status: 0 })),
    )
  }, [])
  return (
    <Page entrance={entrance} title={t('mailed.confirmTitle')}>
      {state instanceof ApiFault ? <FaultAlert fault={state} /> : <p role="status">{state === 'confirmed' ? t('mailed.confirmed') : t('mailed.confirming')}</p>}
    </Page>
  )
}
