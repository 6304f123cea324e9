import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { changeEmail, changePassword } from './security-api.ts'

const passwordLengthMin = 8

interface Changing {
  readonly email: string
  readonly onChanged: (words: string) => Promise<void>
}

/** A new password; whoever knew the old one is out. */
export function PasswordForm({ email, onChanged }: Changing): React.JSX.Element {
  const { t } = useTranslation()
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [problem, setProblem] = useState<string>()
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  // A wrong password is said at its field, not below the form.
  const wrong = fault?.code === 'invalid-password'
  const save = async (): Promise<void> => {
    const short = next.length < passwordLengthMin
    setProblem(short ? t('session.passwordShort') : undefined)
    if (short || !(await run(() => changePassword(current, next)))) return
    setCurrent('')
    setNext('')
    await onChanged(t('security.passwordChanged'))
  }
  return (
    <section className="card" aria-labelledby="password-title">
      <h2 id="password-title">{t('security.password')}</h2>
      <p className="quiet">{t('security.passwordWhy')}</p>
      <form
        className="form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        {/* Password managers want to know whose password it is. */}
        <input type="hidden" name="username" autoComplete="username" value={email} readOnly />
        <PasswordInput label={t('security.passwordNow')} name="current-password" autoComplete="current-password" value={current} error={wrong ? t('errors.invalid-password') : undefined} visibilityToggleButtonProps={{ 'aria-label': t('session.show'), tabIndex: 0 }} onChange={(event) => setCurrent(event.currentTarget.value)} />
        <PasswordInput label={t('security.passwordNew')} description={t('session.passwordRule')} name="new-password" autoComplete="new-password" value={next} error={problem} visibilityToggleButtonProps={{ 'aria-label': t('session.show'), tabIndex: 0 }} onChange={(event) => setNext(event.currentTarget.value)} />
        {fault !== undefined && !wrong && <FaultAlert fault={fault} />}
        <Button type="submit" loading={busy} disabled={current === '' || next === ''}>
          {t('security.passwordSave')}
        </Button>
      </form>
    </section>
  )
}

/** Another e-mail: it counts once the link of a mail to it was opened. */
export function EmailForm({ email, writes, onChanged }: Changing & { readonly writes: boolean }): React.JSX.Element {
  const { t } = useTranslation()
  const [next, setNext] = useState('')
  const [problem, setProblem] = useState<string>()
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  const save = async (): Promise<void> => {
    const wanted = next.trim()
    const whole = /^[^\s@]+@[^\s@]+$/.test(wanted)
    setProblem(!whole ? t('session.emailNeeded') : wanted.toLowerCase() === email ? t('security.emailSame') : undefined)
    if (!whole || wanted.toLowerCase() === email || !(await run(() => changeEmail(wanted)))) return
    setNext('')
    await onChanged(t('security.emailSent', { email: wanted }))
  }
  return (
    <section className="card" aria-labelledby="email-title">
      <h2 id="email-title">{t('session.email')}</h2>
      <p>{t('security.emailNow', { email })}</p>
      {writes ? (
        <form
          className="form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault()
            void save()
          }}
        >
          <TextInput label={t('security.emailNew')} description={t('security.emailWhy')} type="email" autoComplete="email" value={next} error={problem} onChange={(event) => setNext(event.currentTarget.value)} />
          {fault !== undefined && <FaultAlert fault={fault} />}
          <Button type="submit" loading={busy} disabled={next.trim() === ''}>
            {t('security.emailSave')}
          </Button>
        </form>
      ) : (
        <p className="quiet">{t('security.emailNever')}</p>
      )}
    </section>
  )
}
