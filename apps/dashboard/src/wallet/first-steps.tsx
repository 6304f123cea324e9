import { Button } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Me } from './wallet-api.ts'

/** What a newcomer does until something is paid for the first time; who has done it all sees it no more. */
export function FirstSteps({ me }: { readonly me: Me }): React.JSX.Element | null {
  const { t } = useTranslation()
  const done = { account: true, plan: me.pace.budget !== null, site: me.connections.length > 0, paid: me.spentToday > 0n || me.streams.length > 0 }
  if (done.plan && done.site) return null
  const steps = ['account', 'plan', 'site', 'paid'] as const
  const here = steps.find((step) => !done[step])
  return (
    <section className="card first-steps" aria-labelledby="first-title">
      <h2 id="first-title">{t('first.title')}</h2>
      <ol>
        {steps.map((step) => (
          <li key={step} className={done[step] ? 'first-done' : undefined} aria-current={step === here ? 'step' : undefined}>
            <p className="first-what">
              {t(`first.${step}`)}
              {done[step] && <span className="unseen"> {t('first.done')}</span>}
            </p>
            {step === here && step !== 'account' && <p className="quiet">{t(`first.${step}Why`)}</p>}
            {step === here && step === 'plan' && (
              <Button component="a" href="/subscription">
                {t('first.choose')}
              </Button>
            )}
          </li>
        ))}
      </ol>
      <p className="quiet">{t('first.install')}</p>
    </section>
  )
}
