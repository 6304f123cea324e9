import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { Frame } from '../look/frame.tsx'
import { Empty } from '../look/notice.tsx'
import { Prove } from '../security/prove.tsx'
import { usePolled } from '../use-polled.ts'
import { SubscriberPage } from '../wallet/subscriber-page.tsx'
import { useLocale } from '../words/words.ts'
import { erase, loadPrivacy, type Privacy } from './privacy-api.ts'
import './privacy.css'

const pollMs = 60_000
const kept = ['account', 'signIns', 'sites', 'reading', 'payments', 'apps', 'invoices', 'mails'] as const
const notKept = ['noPages', 'noCard', 'noName'] as const
const gone = ['goneAccount', 'goneReading', 'goneApps', 'goneCard'] as const
const stays = ['staysBooks', 'staysInvoices', 'staysAddress', 'staysOthers'] as const

/** What is kept of her, why and for how long; all of it to take along; and the way to be forgotten. */
export function PrivacyPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadPrivacy, pollMs)
  const [erased, setErased] = useState(false)
  if (erased) {
    return (
      <Frame entrance="wallet">
        <section className="card privacy-erased" role="status">
          <h1 className="unseen">{t('privacy.title')}</h1>
          <Empty title={t('privacy.erased')} why={t('privacy.erasedWhy')}>
            <a className="plain-button" href="/">
              {t('privacy.erasedBack')}
            </a>
          </Empty>
        </section>
      </Frame>
    )
  }
  return (
    <SubscriberPage title={t('privacy.title')} polled={polled}>
      {(privacy) => (
        <div className="privacy">
          <section className="card privacy-wide" aria-labelledby="kept-title">
            <h2 id="kept-title">{t('privacy.kept')}</h2>
            <dl className="kept">
              {kept.map((one) => (
                <div key={one}>
                  <dt>{t(`privacy.what.${one}`)}</dt>
                  <dd>{t(`privacy.howLong.${one}`)}</dd>
                </div>
              ))}
            </dl>
          </section>
          <section className="card" aria-labelledby="not-kept-title">
            <h2 id="not-kept-title">{t('privacy.notKept')}</h2>
            <ul className="plain-list">
              {notKept.map((one) => (
                <li key={one}>{t(`privacy.${one}`)}</li>
              ))}
            </ul>
          </section>
          <section className="card" aria-labelledby="export-title">
            <h2 id="export-title">{t('privacy.export')}</h2>
            <p className="quiet">{t('privacy.exportWhy')}</p>
            <p>
              <Button component="a" variant="default" href="/api/privacy/export" download>
                {t('privacy.exportGet')}
              </Button>
            </p>
          </section>
          <Erase privacy={privacy} onErased={() => setErased(true)} />
        </div>
      )}
    </SubscriberPage>
  )
}

/** Asked once, with everything said before: what goes, what stays and why, and what becomes of the budget. */
function Erase({ privacy, onErased }: { readonly privacy: Privacy; readonly onErased: () => void }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [asked, setAsked] = useState(false)
  const { person, budget, plan } = privacy
  return (
    <section className="card privacy-wide privacy-erase" aria-labelledby="erase-title">
      <h2 id="erase-title">{t('privacy.erase')}</h2>
      <p className="quiet">{t('privacy.eraseWhy')}</p>
      {!asked ? (
        <p>
          <Button variant="light" color="red" onClick={() => setAsked(true)}>
            {t('privacy.eraseAsk')}
          </Button>
        </p>
      ) : (
        <>
          <div className="privacy-both">
            <div>
              <h3>{t('privacy.gone')}</h3>
              <ul className="plain-list">
                {gone.map((one) => (
                  <li key={one}>{t(`privacy.${one}`)}</li>
                ))}
              </ul>
            </div>
            <div>
              <h3>{t('privacy.stays')}</h3>
              <ul className="plain-list">
                {stays.map((one) => (
                  <li key={one}>{t(`privacy.${one}`)}</li>
                ))}
              </ul>
            </div>
          </div>
          {plan !== null && <p>{t('privacy.planEnds', { plan })}</p>}
          {budget > 0n && <p>{t('privacy.budgetGoes', { amount: formatMoney(budget, { code: privacy.assetCode, scale: privacy.assetScale }, locale, 4) })}</p>}
          <p>
            <strong>{t('privacy.eraseFinal')}</strong>
          </p>
          <Prove
            email={person.email}
            action={t('privacy.eraseYes')}
            danger
            onCancel={() => setAsked(false)}
            onProven={async (proof) => {
              await erase(proof)
              onErased()
            }}
          />
        </>
      )}
    </section>
  )
}
