import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { formatAge, formatCount } from '../amounts.ts'
import { Empty, FaultAlert } from '../look/notice.tsx'
import { Reasoned } from '../operator-admin/reasoned.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import '../payouts/payouts.css'
import { useDeed } from '../plan/use-deed.ts'
import { useMayChange } from '../session/changes.tsx'
import { usePolled } from '../use-polled.ts'
import { operatorEntranceEn } from '../words/operator-entrance-en.ts'
import { useLocale } from '../words/words.ts'
import { changeWebhook, type FailingWebhook, type GivenUp, type Job, loadQueues, type Queue, runJob, sendAgain } from './queues-api.ts'
import './queues.css'

const pollMs = 5_000
/** What has waited longer than this is late. */
const lateMs = 300_000

/** What waits to leave, which webhooks fail, and what runs by itself. */
export function QueuesPage(): React.JSX.Element {
  const { t } = useTranslation()
  const polled = usePolled(loadQueues, pollMs)
  return (
    <OperatorPage title={t('queues.title')} polled={polled}>
      {({ queues, webhooks, givenUp, jobs }) => (
        <>
          <section className="card" aria-labelledby="outboxes">
            <h2 id="outboxes">{t('queues.outboxes')}</h2>
            <p className="quiet">{t('queues.outboxesWhy')}</p>
            <ul className="rows">
              {queues.map((queue) => (
                <Outbox key={queue.name} queue={queue} />
              ))}
            </ul>
          </section>
          <section className="card" aria-labelledby="failing">
            <h2 id="failing">{t('queues.failing')}</h2>
            <p className="quiet">{t('queues.failingWhy')}</p>
            {webhooks.length === 0 ? (
              <Empty title={t('queues.failingEmpty')} why={t('queues.failingEmptyWhy')} />
            ) : (
              <ul className="rows">
                {webhooks.map((webhook) => (
                  <Webhook key={webhook.id} webhook={webhook} reload={polled.reload} />
                ))}
              </ul>
            )}
          </section>
          <section className="card" aria-labelledby="given-up">
            <h2 id="given-up">{t('queues.givenUp')}</h2>
            <p className="quiet">{t('queues.givenUpWhy')}</p>
            {givenUp.length === 0 ? (
              <Empty title={t('queues.givenUpEmpty')} why={t('queues.givenUpEmptyWhy')} />
            ) : (
              <ul className="rows">
                {givenUp.map((one) => (
                  <Lost key={one.id} lost={one} reload={polled.reload} />
                ))}
              </ul>
            )}
          </section>
          <section className="card" aria-labelledby="jobs">
            <h2 id="jobs">{t('queues.jobs')}</h2>
            <p className="quiet">{t('queues.jobsWhy')}</p>
            <ul className="rows">
              {jobs.map((job) => (
                <JobRow key={job.name} job={job} reload={polled.reload} />
              ))}
            </ul>
            <p className="quiet queue-note">{t('queues.backups')}</p>
          </section>
        </>
      )}
    </OperatorPage>
  )
}

/** What a code or name of the server is called, or itself. */
function named<Names extends object>(names: Names, name: string): (keyof Names & string) | undefined {
  return Object.hasOwn(names, name) ? (name as keyof Names & string) : undefined
}

function Outbox({ queue }: { readonly queue: Queue }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { name, waiting, failing, oldestMs, dead, lastError } = queue
  const known = named(operatorEntranceEn.queues.names, name)
  const late = oldestMs !== null && Date.now() - oldestMs > lateMs
  const tone = failing > 0 || dead > 0 ? 'bad' : late ? 'open' : 'good'
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">{known === undefined ? name : t(`queues.names.${known}`)}</p>
        <p className="quiet payout-note">
          {[
            t('queues.waiting', { count: waiting, waiting: formatCount(waiting, locale) }),
            ...(oldestMs === null ? [] : [t('queues.oldest', { age: formatAge(Date.now() - oldestMs, locale) })]),
            ...(failing > 0 ? [t('queues.failingCount', { failing: formatCount(failing, locale) })] : []),
            ...(dead > 0 ? [t('queues.dead', { dead: formatCount(dead, locale) })] : []),
          ].join(' · ')}
        </p>
        {lastError !== null && (failing > 0 || dead > 0) && <p className="payout-note">{t('queues.lastError', { error: lastError })}</p>}
      </div>
      <p className={`payout-status payout-${tone}`}>{t(`queues.tones.${tone}`)}</p>
    </li>
  )
}

function Webhook({ webhook, reload }: { readonly webhook: FailingWebhook; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { id, ownerId, ownerName, url, paused, waiting, dead, sinceMs, attempts, triedMs, nextMs, answerCode, error } = webhook
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const answer = useAnswer(answerCode, error)
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          <a href={`/people/${ownerId}`}>{ownerName}</a>
        </p>
        <p className="payout-note">{url}</p>
        <p className="quiet payout-note">
          {[t('queues.since', { time: time.format(sinceMs) }), t('queues.attempts', { count: attempts }), answer, ...(triedMs === null ? [] : [t('queues.tried', { time: time.format(triedMs) })]), ...(nextMs === null || paused ? [] : [t('queues.next', { time: time.format(nextMs) })])].join(' · ')}
        </p>
        <p className="quiet payout-note">
          {t('queues.waiting', { count: waiting, waiting: formatCount(waiting, locale) })}
          {dead > 0 && ` · ${t('queues.dead', { dead: formatCount(dead, locale) })}`}
        </p>
        <div className="row-actions">
          {waiting > 0 && !paused && <Reasoned label={t('queues.retry')} warning={t('queues.retryWhy')} work={(reason) => changeWebhook(id, 'retry', reason)} after={reload} />}
          {paused ? (
            <Reasoned label={t('queues.resume')} warning={t('queues.resumeWhy')} work={(reason) => changeWebhook(id, 'resume', reason)} after={reload} />
          ) : (
            <Reasoned label={t('queues.pause')} warning={t('queues.pauseWhy')} work={(reason) => changeWebhook(id, 'pause', reason)} after={reload} />
          )}
        </div>
      </div>
      <p className={`payout-status ${paused ? 'payout-open' : 'payout-bad'}`}>{t(paused ? 'queues.paused' : 'queues.fails')}</p>
    </li>
  )
}

/** What came back of an attempt, in words. */
function useAnswer(answerCode: number | null, error: string | null): string {
  const { t } = useTranslation()
  if (answerCode !== null) return t('queues.answered', { code: answerCode })
  if (error === null) return t('queues.noAnswer')
  const known = named(operatorEntranceEn.queues.errors, error)
  return known === undefined ? error : t(`queues.errors.${known}`)
}

/** A delivery, which can be sent once more; or a mail, of which only its kind is still known. */
function Lost({ lost, reload }: { readonly lost: GivenUp; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { id, queue, what, ownerId, ownerName, url, attempts, createdMs, triedMs, answerCode, error } = lost
  const answer = useAnswer(answerCode, error)
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <li className="row payout-row">
      <div className="row-main">
        <p className="row-title">
          {ownerId !== null && (
            <>
              <a href={`/people/${ownerId}`}>{ownerName}</a> ·{' '}
            </>
          )}
          <code>{what}</code>
        </p>
        {url !== null && <p className="payout-note">{url}</p>}
        <p className="quiet payout-note">{[t('queues.since', { time: time.format(createdMs) }), t('queues.attempts', { count: attempts }), answer, ...(triedMs === null ? [] : [t('queues.tried', { time: time.format(triedMs) })])].join(' · ')}</p>
        {queue === 'webhooks' ? (
          <div className="row-actions">
            <Reasoned label={t('queues.sendAgain')} warning={t('queues.sendAgainWhy')} work={(reason) => sendAgain(id, reason)} after={reload} />
          </div>
        ) : (
          <p className="quiet payout-note">{t('queues.mailGone')}</p>
        )}
      </div>
      <p className="payout-status payout-bad">{t(`queues.lost.${queue}`)}</p>
    </li>
  )
}

/** Most turns take less than a second. */
function took(ms: number, locale: string): string {
  return ms < 1_000 ? new Intl.NumberFormat(locale, { style: 'unit', unit: 'millisecond', unitDisplay: 'short' }).format(ms) : formatAge(ms, locale)
}

function JobRow({ job, reload }: { readonly job: Job; readonly reload: () => Promise<void> }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const mayChange = useMayChange()
  const deed = useDeed(reload)
  const { name, startedAtMs, endedAtMs, nextAtMs, error, mayRun } = job
  const known = named(operatorEntranceEn.queues.jobNames, name)
  const never = endedAtMs === null || startedAtMs === null
  const age = (sinceMs: number): string => formatAge(Math.max(0, Date.now() - sinceMs), locale)
  return (
    <li className="row payout-row job-row">
      <div className="row-main">
        <p className="row-title">{known === undefined ? name : t(`queues.jobNames.${known}`)}</p>
        <p className="quiet payout-note">
          {never
            ? t('queues.neverRan')
            : [t('queues.ran', { age: age(endedAtMs), took: took(endedAtMs - startedAtMs, locale) }), ...(nextAtMs === null ? [] : [nextAtMs <= Date.now() ? t('queues.nextNow') : t('queues.nextIn', { age: formatAge(nextAtMs - Date.now(), locale) })])].join(' · ')}
        </p>
        {error !== null && <p className="payout-note">{t('queues.lastError', { error })}</p>}
        {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      </div>
      {mayRun && mayChange && (
        <Button variant="default" size="compact-md" loading={deed.busy} aria-label={t('queues.runName', { name: known === undefined ? name : t(`queues.jobNames.${known}`) })} onClick={() => void deed.run(() => runJob(name))}>
          {t('queues.run')}
        </Button>
      )}
      <p className={`payout-status ${never ? 'payout-over' : error === null ? 'payout-good' : 'payout-bad'}`}>{t(never ? 'queues.jobUnknown' : error === null ? 'queues.jobFine' : 'queues.jobFailed')}</p>
    </li>
  )
}
