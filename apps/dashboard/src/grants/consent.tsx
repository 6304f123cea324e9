import { Anchor, Button } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { Frame } from '../look/frame.tsx'
import { Empty, FaultAlert, Loading } from '../look/notice.tsx'
import { Prove } from '../security/prove.tsx'
import { SignIn } from '../session/door.tsx'
import { signOut } from '../session/session.ts'
import { useFaultWords } from '../words/use-fault-words.ts'
import { consentPrefix } from './consent-path.ts'
import { confirm, decide, type Decided, type Interaction, loadInteraction } from './grants-api.ts'
import { Terms } from './terms.tsx'

type Step =
  | { readonly name: 'loading' }
  | { readonly name: 'failed'; readonly fault: ApiFault }
  | { readonly name: 'asking'; readonly interaction: Interaction }
  | { readonly name: 'done'; readonly accepted: boolean }

/** A client asks for something; the person signs in, reads what, decides, and goes back to the client. */
export function GrantConsent({ entrance }: { readonly entrance: 'wallet' | 'publisher' }): React.JSX.Element {
  const { t } = useTranslation()
  const [step, setStep] = useState<Step>({ name: 'loading' })
  const path = location.pathname.slice(consentPrefix.length)

  const load = async (): Promise<void> => {
    try {
      setStep({ name: 'asking', interaction: await loadInteraction(path) })
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setStep({ name: 'failed', fault: error })
    }
  }

  useEffect(() => {
    document.title = `${t('grants.consentTitle')} · ${t('product')}`
  }, [t])
  useEffect(() => {
    void load()
    // The request is the address of this page: it does not change while the page lives.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [])

  const person = step.name === 'asking' ? (step.interaction.person ?? undefined) : undefined
  return (
    <Frame entrance={entrance} person={person} onSignOut={() => void signOut().then(load)}>
      <div className="connect">
        {step.name === 'loading' && <Loading />}
        {step.name === 'failed' && <Failed fault={step.fault} onRetry={load} />}
        {step.name === 'done' && <Done accepted={step.accepted} />}
        {step.name === 'asking' && (
          <Ask path={path} interaction={step.interaction} onReload={load} onFailed={(fault) => setStep({ name: 'failed', fault })} onDone={(accepted) => setStep({ name: 'done', accepted })} />
        )}
      </div>
    </Frame>
  )
}

interface AskProps {
  readonly path: string
  readonly interaction: Interaction
  readonly onReload: () => Promise<void>
  readonly onFailed: (fault: ApiFault) => void
  readonly onDone: (accepted: boolean) => void
}

function Ask({ path, interaction, onReload, onFailed, onDone }: AskProps): React.JSX.Element {
  const { t } = useTranslation()
  const [busy, setBusy] = useState<'accept' | 'decline'>()
  const [fault, setFault] = useState<ApiFault>()
  const { person, mine, state, client, next } = interaction
  const name = client.name ?? client.walletAddress

  const goOn = (way: Decided, accepted: boolean): void => {
    if (way.next === null) onDone(accepted)
    else location.assign(way.next)
  }
  const answer = async (decision: 'accept' | 'decline'): Promise<void> => {
    setBusy(decision)
    setFault(undefined)
    try {
      const decided = await decide(path, decision)
      if (decided.confirming === true) await onReload()
      else goOn(decided, decision === 'accept')
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setBusy(undefined)
      if (error.status === 401 || error.code === 'grant-decided') await onReload()
      else if (error.code === 'grant-ended' || error.code === 'interaction-unknown') onFailed(error)
      else setFault(error)
    }
  }

  if (state === 'ended') return <Failed fault={new ApiFault('grant-ended', 'too late', { status: 410 })} onRetry={onReload} />
  if (state === 'accepted' || state === 'declined') return <Decided accepted={state === 'accepted'} name={name} next={next} />
  const pays = interaction.access.some(({ type }) => type === 'outgoing-payment')
  const decline = (
    <Button size="md" variant="default" loading={busy === 'decline'} disabled={busy === 'accept'} onClick={() => void answer('decline')}>
      {t('grants.decline')}
    </Button>
  )
  return (
    <section className="card connect-card">
      <h1>{t(pays ? 'grants.askPay' : 'grants.askSee', { name })}</h1>
      {person === null ? (
        <>
          <p className="quiet">{t('grants.first')}</p>
          <SignIn maySignUp={false} onSignedIn={onReload} />
          {fault !== undefined && <FaultAlert fault={fault} />}
          <div className="connect-actions">{decline}</div>
        </>
      ) : (
        <>
          <Terms terms={interaction} />
          {mine === false && <p role="alert">{t('grants.notMine')}</p>}
          {fault !== undefined && <FaultAlert fault={fault} />}
          {state === 'confirming' && mine !== false ? (
            <>
              <p>{t('grants.confirmWhy')}</p>
              <Prove email={person.email} action={t('grants.confirm')} onProven={async (proof) => goOn(await confirm(path, proof), true)} onCancel={() => void answer('decline')} cancel={t('grants.decline')} />
            </>
          ) : (
            <div className="connect-actions">
              {mine !== false && (
                <Button size="md" loading={busy === 'accept'} disabled={busy === 'decline'} onClick={() => void answer('accept')}>
                  {t('grants.accept')}
                </Button>
              )}
              {decline}
            </div>
          )}
          <p className="quiet connect-as">
            {t('connect.as', { email: person.email })}{' '}
            <Anchor component="button" type="button" onClick={() => void signOut().then(onReload)}>
              {t('connect.other')}
            </Anchor>
          </p>
        </>
      )}
    </section>
  )
}

/** The page was opened again after the decision. */
function Decided({ accepted, name, next }: { readonly accepted: boolean; readonly name: string; readonly next: string | null }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <section className="card connect-card" role="status">
      <h1 className="unseen">{t('grants.consentTitle')}</h1>
      <Empty title={t(accepted ? 'grants.wasAccepted' : 'grants.wasDeclined')}>
        {next !== null && (
          <Button component="a" href={next}>
            {t('grants.goOn', { name })}
          </Button>
        )}
      </Empty>
    </section>
  )
}

/** For a client that finds out by itself. */
function Done({ accepted }: { readonly accepted: boolean }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <section className="card connect-card" role="status">
      <h1 className="unseen">{t('grants.consentTitle')}</h1>
      <Empty title={t(accepted ? 'grants.wasAccepted' : 'grants.wasDeclined')} why={t('grants.close')} />
    </section>
  )
}

function Failed({ fault, onRetry }: { readonly fault: ApiFault; readonly onRetry: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  const passing = fault.status === 0 || fault.status === 429 || fault.status >= 500
  return (
    <section className="card connect-card" role="alert">
      <h1 className="unseen">{t('grants.consentTitle')}</h1>
      <Empty title={t('grants.failed')} why={faultWords(fault)}>
        {passing && <Button onClick={() => void onRetry()}>{t('frame.retry')}</Button>}
      </Empty>
    </section>
  )
}
