import { Button, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Empty, FaultAlert } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { usePolled } from '../../use-polled.ts'
import { useFaultWords } from '../../words/use-fault-words.ts'
import { useLocale } from '../../words/words.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { addSite, checkSite, type Finding, loadSites, removeSite, type Site } from './sites-api.ts'

const pollMs = 30_000

/** The publisher's sites, and how to prove that they are hers. */
export function Sites(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadSites, pollMs)
  return (
    <PublisherPage title={t('sites.title')} polled={polled}>
      {({ sites }, reload) => (
        <>
          <p className="lead">{t('sites.why')}</p>
          <div className="stack">
            <AddSite onChange={reload} />
            {sites.length === 0 && (
              <section className="card">
                <Empty title={t('sites.empty')} why={t('sites.emptyWhy')} />
              </section>
            )}
            {sites.map((site) => (
              <SiteCard key={site.id} site={site} onChange={reload} />
            ))}
          </div>
        </>
      )}
    </PublisherPage>
  )
}

function AddSite({ onChange }: { readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const faultWords = useFaultWords()
  const [text, setText] = useState('')
  const deed = useDeed(onChange)
  const { busy, fault } = deed
  const add = async (): Promise<void> => {
    if (await deed.run(async () => void (await addSite(text.trim())))) setText('')
  }
  return (
    <section className="card" aria-labelledby="sites-add">
      <h2 id="sites-add">{t('sites.add')}</h2>
      <form
        className="field-line"
        onSubmit={(event) => {
          event.preventDefault()
          void add()
        }}
      >
        <TextInput
          label={t('sites.name')}
          placeholder="example.org"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          error={fault === undefined ? undefined : faultWords(fault)}
          maxLength={2_000}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode="url"
        />
        <Button type="submit" loading={busy} disabled={text.trim() === ''}>
          {t('sites.addIt')}
        </Button>
      </form>
    </section>
  )
}

function SiteCard({ site, onChange }: { readonly site: Site; readonly onChange: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const check = useDeed(onChange)
  const remove = useDeed(onChange)
  const [asked, setAsked] = useState(false)
  const { state, origin, findings, checkedAtMs } = site
  const moment = (ms: number | null): string => (ms === null ? '' : new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(ms))
  const name = origin.replace(/^https:\/\//, '')
  return (
    <section className="card" aria-label={name}>
      <div className="site-head">
        <h2>{name}</h2>
        <span className={`badge badge-${state}`}>{t(`sites.state.${state}`)}</span>
      </div>
      <p className="quiet">
        {state === 'proven' && t('sites.provenSince', { date: moment(site.provenSinceMs) })}
        {state === 'lost' && t('sites.lostSince', { date: moment(site.lostAtMs), found: moment(site.foundAtMs) })}
        {state === 'unproven' && t('sites.unprovenWhy')}
      </p>
      {(state !== 'proven' || (findings !== null && findings.dns !== 'found' && findings.file !== 'found')) && <Instructions site={site} />}
      {checkedAtMs !== null && <p className="quiet">{t('sites.checked', { date: moment(checkedAtMs) })}</p>}
      {check.fault !== undefined && <FaultAlert fault={check.fault} />}
      {remove.fault !== undefined && <FaultAlert fault={remove.fault} />}
      <div className="deeds">
        {asked ? (
          <>
            <span>{t('sites.removeSure', { site: name })}</span>
            <Button color="red" size="compact-md" loading={remove.busy} autoFocus onClick={() => void remove.run(() => removeSite(site.id))}>
              {t('sites.removeYes')}
            </Button>
            <Button variant="default" size="compact-md" disabled={remove.busy} onClick={() => setAsked(false)}>
              {t('wallet.keep')}
            </Button>
          </>
        ) : (
          <>
            <Button variant={state === 'proven' ? 'default' : 'filled'} size="compact-md" loading={check.busy} aria-label={t('sites.checkSite', { site: name })} onClick={() => void check.run(async () => void (await checkSite(site.id)))}>
              {t('sites.check')}
            </Button>
            <Button variant="default" size="compact-md" aria-label={t('sites.removeSite', { site: name })} onClick={() => setAsked(true)}>
              {t('sites.remove')}
            </Button>
          </>
        )}
      </div>
    </section>
  )
}

/** Either of two ways, each with what was found there at the last look. */
function Instructions({ site: { record, file, findings } }: { readonly site: Site }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <div className="proof" role="group" aria-label={t('sites.proof')}>
      <p>{t('sites.either')}</p>
      {record !== null && (
        <Way title={t('sites.dns')} finding={findings?.dns}>
          <dt>{t('sites.recordName')}</dt>
          <dd>
            <code>{record.name}</code>
          </dd>
          <dt>{t('sites.recordText')}</dt>
          <dd>
            <code>{record.text}</code>
          </dd>
        </Way>
      )}
      <Way title={t('sites.file')} finding={findings?.file}>
        <dt>{t('sites.fileUrl')}</dt>
        <dd>
          <code>{file.url}</code>
        </dd>
        <dt>{t('sites.fileText')}</dt>
        <dd>
          <code>{file.text}</code>
        </dd>
      </Way>
    </div>
  )
}

function Way({ title, finding, children }: { readonly title: string; readonly finding: Finding | undefined; readonly children: React.ReactNode }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <div className="proof">
      <h3>{title}</h3>
      <dl>{children}</dl>
      {finding !== undefined && <p role="status">{t(`sites.finding.${finding}`)}</p>}
    </div>
  )
}
