import { Anchor, Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney, perHour } from '../amounts.ts'
import { ApiFault } from '../api.ts'
import { Frame } from '../look/frame.tsx'
import { Current, Mark } from '../look/mark.tsx'
import { Empty, FaultAlert, Loading } from '../look/notice.tsx'
import { SignIn } from '../session/door.tsx'
import { signOut } from '../session/session.ts'
import { shortSite } from '../words/names.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { useLocale } from '../words/words.ts'
import { returnAddress, withCode } from './connect-return.ts'
import { type ConnectRequest, consent, loadConnectRequest, loadMe, type Me } from './wallet-api.ts'

type Step =
  | { readonly name: 'loading' }
  | { readonly name: 'failed'; readonly fault: ApiFault }
  | { readonly name: 'asking'; readonly request: ConnectRequest }
  | { readonly name: 'done'; readonly site: string }

/** The popup in which a person lets a site be paid: sign in or up, consent, back to the page with a code for one use. */
export function Connect({ challenge }: { readonly challenge: string | null }): React.JSX.Element {
  const { t } = useTranslation()
  const [step, setStep] = useState<Step>({ name: 'loading' })

  const load = async (): Promise<void> => {
    try {
      if (challenge === null || challenge === '') throw new ApiFault('challenge-missing', 'no challenge in the address', { status: 400 })
      setStep({ name: 'asking', request: await loadConnectRequest(challenge) })
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setStep({ name: 'failed', fault: error })
    }
  }

  useEffect(() => {
    document.title = `${t('connect.title')} · ${t('product')}`
  }, [t])
  useEffect(() => {
    void load()
    // The challenge is the address of this page: it does not change while the page lives.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])

  const person = step.name === 'asking' ? step.request.person : undefined
  return (
    <Frame entrance="wallet" person={person ?? undefined} onSignOut={() => void signOut().then(load)}>
      <div className="connect">
        {step.name === 'loading' && <Loading />}
        {step.name === 'failed' && <Failed fault={step.fault} onRetry={load} />}
        {step.name === 'done' && <Done site={step.site} />}
        {step.name === 'asking' && (
          <Ask
            request={step.request}
            challenge={challenge ?? ''}
            onSignedIn={load}
            onFailed={(fault) => setStep({ name: 'failed', fault })}
            onDone={() => setStep({ name: 'done', site: step.request.site })}
          />
        )}
      </div>
    </Frame>
  )
}

interface AskProps {
  readonly request: ConnectRequest
  readonly challenge: string
  readonly onSignedIn: () => Promise<void>
  readonly onFailed: (fault: ApiFault) => void
  readonly onDone: () => void
}

function Ask({ request, challenge, onSignedIn, onFailed, onDone }: AskProps): React.JSX.Element {
  const { t } = useTranslation()
  const site = shortSite(request.site)
  const person = request.person ?? undefined
  return (
    <section className="card connect-card">
      <div className="connect-site">
        <Current />
        <span>{site}</span>
        <Mark size={40} />
      </div>
      {person === undefined ? (
        <>
          <h1>{t('connect.title')}</h1>
          <p className="quiet">{t('connect.first', { site })}</p>
          <SignIn maySignUp onSignedIn={onSignedIn} />
        </>
      ) : (
        <Consent request={request} challenge={challenge} email={person.email} onSignedOut={onSignedIn} onFailed={onFailed} onDone={onDone} />
      )}
    </section>
  )
}

type ConsentProps = Omit<AskProps, 'onSignedIn'> & { readonly email: string; readonly onSignedOut: () => Promise<void> }

function Consent({ request, challenge, email, onSignedOut, onFailed, onDone }: ConsentProps): React.JSX.Element {
  const { t } = useTranslation()
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<ApiFault>()
  const site = shortSite(request.site)
  const much = useMuch(request)

  const allow = async (): Promise<void> => {
    setBusy(true)
    setFault(undefined)
    try {
      const giveBack = wayBack(request.site, onDone)
      giveBack(await consent(challenge))
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setBusy(false)
      if (error.status === 401) await onSignedOut()
      else if (error.code.startsWith('challenge-') || error.code === 'return-foreign') onFailed(error)
      else setFault(error)
    }
  }

  return (
    <>
      <h1>{t('connect.ask', { site })}</h1>
      <dl className="terms">
        <dt>{t('connect.who')}</dt>
        <dd>{t('connect.whoText', { site })}</dd>
        <dt>{t('connect.much')}</dt>
        <dd>{much}</dd>
        <dt>{t('connect.often')}</dt>
        <dd>{t('connect.oftenText')}</dd>
        <dt>{t('connect.know')}</dt>
        <dd>{t('connect.knowText')}</dd>
      </dl>
      {fault !== undefined && <FaultAlert fault={fault} />}
      <div className="connect-actions">
        <Button size="md" loading={busy} onClick={() => void allow()}>
          {t('connect.allow')}
        </Button>
        <Button size="md" variant="default" disabled={busy} onClick={() => leave(request.site)}>
          {t('connect.deny')}
        </Button>
      </div>
      <p className="quiet connect-as">
        {t('connect.as', { email })}{' '}
        <Anchor component="button" type="button" onClick={() => void signOut().then(onSignedOut)}>
          {t('connect.other')}
        </Anchor>
      </p>
    </>
  )
}

/** How much may be paid, with what is known: the plan's rate, and the budget that is left. */
function useMuch(request: ConnectRequest): string {
  const { t } = useTranslation()
  const locale = useLocale()
  const [me, setMe] = useState<Me>()
  useEffect(() => {
    // Only a nicety of the text: without it the sentence names the rate alone.
    loadMe().then(setMe, () => setMe(undefined))
  }, [])
  const { plan } = request
  const amount = plan === null || plan === undefined ? undefined : formatMoney(perHour(plan.rate), { code: plan.assetCode, scale: plan.assetScale }, locale, 4)
  const left = me === undefined ? undefined : formatMoney(me.balance.posted + me.balance.accrued, { code: me.balance.assetCode, scale: me.balance.assetScale }, locale, 2)
  if (amount === undefined) return left === undefined ? t('connect.muchPlain') : t('connect.muchBudget', { left })
  return left === undefined ? t('connect.muchRate', { amount }) : t('connect.muchText', { amount, left })
}

/**
 * How the code reaches the page: handed to the window that opened this one, addressed to exactly the site, or by going back. Found before anything is
 * agreed to, so that no consent is given that cannot be used. Throws ApiFault `return-foreign`.
 */
function wayBack(site: string, onDone: () => void): (code: string) => void {
  const opener = window.opener as Window | null
  if (opener !== null) {
    return (code) => {
      opener.postMessage({ type: 'rivulet:code', code }, site)
      onDone()
      window.close()
    }
  }
  const address = returnAddress(location.hash, site)
  if (address === undefined) throw new ApiFault('return-foreign', 'no way back to the site', { status: 0 })
  return (code) => location.replace(withCode(address, code))
}

/** Without consent: the window closes, or the page is shown again without a code. */
function leave(site: string): void {
  const address = returnAddress(location.hash, site)
  if (window.opener === null && address !== undefined) location.replace(address.href)
  else window.close()
}

function Done({ site }: { readonly site: string }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <section className="card connect-card" role="status">
      <h1 className="unseen">{t('connect.title')}</h1>
      <Empty title={t('connect.done')} why={t('connect.doneText', { site: shortSite(site) })}>
        <Button onClick={() => window.close()}>{t('connect.close')}</Button>
        <Anchor href="/">{t('connect.manage')}</Anchor>
      </Empty>
    </section>
  )
}

function Failed({ fault, onRetry }: { readonly fault: ApiFault; readonly onRetry: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  const passing = fault.status === 0 || fault.status === 429 || fault.status >= 500
  return (
    <section className="card connect-card" role="alert">
      <h1 className="unseen">{t('connect.title')}</h1>
      <Empty title={t('connect.failed')} why={faultWords(fault)}>
        {passing && fault.code !== 'return-foreign' && <Button onClick={() => void onRetry()}>{t('frame.retry')}</Button>}
        <Button variant="default" onClick={() => window.close()}>
          {t('connect.close')}
        </Button>
      </Empty>
    </section>
  )
}
