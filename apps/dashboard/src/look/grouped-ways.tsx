import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { type EntranceOfWays, wayAt, waysOf } from './ways.ts'

/**
 * The ways to the pages of an entrance, in groups: beside the page; on a smaller screen behind a button that says where one is, which on a phone lies at the bottom, under the thumb. Escape closes it.
 */
export function GroupedWays({ entrance }: { readonly entrance: EntranceOfWays }): React.JSX.Element {
  const { t } = useTranslation()
  const [open, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const groups = waysOf(entrance)
  const way = wayAt(entrance, location.pathname)
  const inMailbox = entrance === 'operator' && location.pathname === '/mailbox'
  const mailbox = useMailbox(entrance) || inMailbox
  // A page that the navigation does not lead to, such as a reference, is not its first one.
  const here = way === '/' && location.pathname !== '/' ? undefined : way
  const hereName = inMailbox ? 'mailbox' : groups.flatMap(({ ways }) => ways).find(([path]) => path === here)?.[1]
  useEffect(() => {
    if (!open) return undefined
    const close = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape') return
      setOpen(false)
      button.current?.focus()
    }
    document.addEventListener('keydown', close)
    return () => document.removeEventListener('keydown', close)
  }, [open])
  return (
    <nav className="grouped-ways" aria-label={t('ways.label')}>
      <button ref={button} type="button" className="grouped-ways-button" aria-expanded={open} aria-controls="grouped-ways-list" onClick={() => setOpen(!open)}>
        <svg width="16" height="12" viewBox="0 0 16 12" aria-hidden="true" focusable="false">
          <path d="M0 1h16M0 6h16M0 11h16" stroke="currentColor" strokeWidth="1.6" />
        </svg>
        {hereName === undefined ? (
          t('ways.label')
        ) : (
          <>
            <span className="unseen">{t('ways.label')}: </span>
            {t(`ways.${hereName}`)}
          </>
        )}
      </button>
      <div id="grouped-ways-list" className={open ? 'grouped-ways-list grouped-ways-open' : 'grouped-ways-list'}>
        {groups.map(({ group, ways }) => (
          <section key={group} aria-labelledby={`ways-${group}`}>
            <h2 id={`ways-${group}`}>{t(`ways.groups.${group}`)}</h2>
            <ul>
              {[...ways, ...(group === 'control' && mailbox ? ([['/mailbox', 'mailbox']] as const) : [])].map(([path, name]) => (
                <li key={path}>
                  <a href={path} aria-current={path === (inMailbox ? '/mailbox' : here) ? 'page' : undefined}>
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

/** A sandbox writes its mails into a box that operators read. Whoever cannot be asked has none to show. */
function useMailbox(entrance: EntranceOfWays): boolean {
  const [mailbox, setMailbox] = useState(false)
  useEffect(() => {
    if (entrance !== 'operator') return undefined
    let gone = false
    callApi('/api/auth/ways', { answer: z.object({ sandbox: z.boolean() }) }).then(
      ({ sandbox }) => void (!gone && setMailbox(sandbox)),
      () => undefined,
    )
    return () => {
      gone = true
    }
  }, [entrance])
  return mailbox
}
