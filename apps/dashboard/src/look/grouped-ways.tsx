import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { operatorPageAt, operatorWays } from '../operator/ways.ts'

/** The ways to the operator's many pages, in groups: beside the page, or on a smaller screen behind a button that says where one is. */
export function GroupedWays(): React.JSX.Element {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const here = operatorPageAt(location.pathname).path
  const hereName = operatorWays.flatMap<readonly [string, string]>(({ ways }) => ways.map(([path, name]) => [path, t(`ways.${name}`)])).find(([path]) => path === here)?.[1]
  return (
    <nav className="grouped-ways" aria-label={t('ways.label')}>
      <button type="button" className="grouped-ways-button" aria-expanded={open} aria-controls="grouped-ways-list" onClick={() => setOpen(!open)}>
        <svg width="16" height="12" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
          <path d="M0 1h16M0 6h16M0 11h16" stroke="currentColor" strokeWidth="1.6" />
        </svg>
        <span className="unseen">{t('ways.label')}: </span>
        {hereName}
      </button>
      <div id="grouped-ways-list" className={open ? 'grouped-ways-list grouped-ways-open' : 'grouped-ways-list'}>
        {operatorWays.map(({ group, ways }) => (
          <section key={group} aria-labelledby={`ways-${group}`}>
            <h2 id={`ways-${group}`}>{t(`ways.groups.${group}`)}</h2>
            <ul>
              {ways.map(([path, name]) => (
                <li key={path}>
                  <a href={path} aria-current={path === here ? 'page' : undefined}>
                    {t(`ways.${name}`)}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </nav>
  )
}
