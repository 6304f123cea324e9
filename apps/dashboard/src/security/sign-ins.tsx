import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { FaultAlert } from '../look/notice.tsx'
import { useDeed } from '../plan/use-deed.ts'
import { useLocale } from '../words/words.ts'
import { deviceOf } from './device.ts'
import { endOtherSignIns, endSignIn, type SignIn } from './security-api.ts'

interface Changing {
  readonly onChanged: (words: string) => Promise<void>
}

/** Where one is signed in, this device first; each can be ended, or all others at once. */
export function SignIns({ signIns, onChanged }: Changing & { readonly signIns: readonly SignIn[] }): React.JSX.Element {
  const { t } = useTranslation()
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  const endOthers = async (): Promise<void> => {
    let ended = 0
    if (await run(async () => void (ended = await endOtherSignIns()))) await onChanged(t('security.endedOthers', { count: ended }))
  }
  return (
    <section className="card" aria-labelledby="sign-ins-title">
      <h2 id="sign-ins-title">{t('security.signIns')}</h2>
      <p className="quiet">{t('security.signInsWhy')}</p>
      <ul className="rows">
        {signIns.toSorted((one, other) => Number(other.current) - Number(one.current)).map((signIn) => (
          <SignInRow key={signIn.id} signIn={signIn} onChanged={onChanged} />
        ))}
      </ul>
      {fault !== undefined && <FaultAlert fault={fault} />}
      {signIns.length > 1 && (
        <Button className="security-others" variant="default" loading={busy} onClick={() => void endOthers()}>
          {t('security.endOthers')}
        </Button>
      )}
    </section>
  )
}

function SignInRow({ signIn, onChanged }: Changing & { readonly signIn: SignIn }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { fault, busy, run } = useDeed(() => Promise.resolve())
  const device = deviceOf(signIn.userAgent)
  const name = device === undefined ? t('security.deviceUnknown') : t('security.device', device)
  const moment = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(ms)
  const end = async (): Promise<void> => {
    if (await run(() => endSignIn(signIn.id))) await onChanged(t('security.ended', { name }))
  }
  return (
    <li className="row">
      <div className="row-main">
        <p className="row-title">
          {name} {signIn.current && <span className="security-here">{t('security.here')}</span>}
        </p>
        <p className="quiet">{[t('security.since', { date: moment(signIn.sinceMs) }), t('security.seen', { date: moment(signIn.seenMs) }), ...(signIn.address === '' ? [] : [signIn.address])].join(' · ')}</p>
        {fault !== undefined && <FaultAlert fault={fault} />}
      </div>
      {!signIn.current && (
        <Button variant="default" size="compact-md" loading={busy} aria-label={t('security.endOne', { name })} onClick={() => void end()}>
          {t('security.end')}
        </Button>
      )}
    </li>
  )
}
