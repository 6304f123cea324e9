import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { Frame } from '../look/frame.tsx'
import { Current } from '../look/mark.tsx'
import './about.css'

const people = ['reader', 'publisher', 'operator'] as const

/** What this is, for whoever comes for the first time: for those who read, those who are paid and those who run it. */
export function AboutPage({ entrance }: { readonly entrance: 'wallet' | 'publisher' | 'operator' }): React.JSX.Element {
  const { t } = useTranslation()
  useEffect(() => {
    document.title = `${t('about.title')} · ${t('product')}`
  }, [t])
  return (
    <Frame entrance={entrance}>
      <section className="about-head">
        <Current />
        <h1>{t('about.title')}</h1>
        <p>{t('about.lead')}</p>
        <p>
          <a className="about-go" href={entrance === 'operator' ? '/' : '/#sign-up'}>
            {t(`about.go.${entrance}`)}
          </a>
        </p>
      </section>
      <div className="about-people">
        {people.map((who) => (
          <section key={who} className="card" aria-labelledby={`about-${who}`}>
            <h2 id={`about-${who}`}>{t(`about.${who}.title`)}</h2>
            <ul className="about-points">
              <li>{t(`about.${who}.first`)}</li>
              <li>{t(`about.${who}.second`)}</li>
              <li>{t(`about.${who}.third`)}</li>
            </ul>
          </section>
        ))}
      </div>
      <section className="card about-how" aria-labelledby="about-how">
        <h2 id="about-how">{t('about.how.title')}</h2>
        <ol className="about-steps">
          <li>{t('about.how.first')}</li>
          <li>{t('about.how.second')}</li>
          <li>{t('about.how.third')}</li>
          <li>{t('about.how.fourth')}</li>
        </ol>
        <p>
          <a className="plain-button" href="/reference">
            {t('reference.link')}
          </a>
        </p>
      </section>
    </Frame>
  )
}
