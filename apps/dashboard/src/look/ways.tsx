import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'

type Entrance = 'wallet' | 'publisher'

/** The pages of an entrance that stand in its navigation, in order: path and name. The operator's are in `operator/ways.ts`. */
const waysOf = {
  wallet: [
    ['/', 'wallet'],
    ['/activity', 'activity'],
    ['/subscription', 'plan'],
    ['/limits', 'limits'],
    ['/tip', 'tip'],
    ['/grants', 'grants'],
    ['/keys', 'keys'],
    ['/security', 'security'],
  ],
  publisher: [
    ['/', 'income'],
    ['/revenue', 'revenue'],
    ['/start', 'start'],
    ['/sites', 'sites'],
    ['/pointers', 'pointers'],
    ['/statements', 'statements'],
    ['/payouts', 'payouts'],
    ['/grants', 'grants'],
    ['/keys', 'keys'],
    ['/webhooks', 'webhooks'],
    ['/api-keys', 'apiKeys'],
    ['/security', 'security'],
  ],
} as const

/** The ways to the pages of an entrance. A page that is not among them, such as a consent, has one thing to decide and no ways around it. */
export function Ways({ entrance }: { readonly entrance: Entrance }): React.JSX.Element | null {
  const { t } = useTranslation()
  const ways = waysOf[entrance]
  const here = useRef<HTMLAnchorElement>(null)
  // On a phone the row is wider than the screen.
  useEffect(() => {
    // Newer browsers answer with a promise, which React would take for what tidies up.
    here.current?.scrollIntoView({ inline: 'center', block: 'nearest' })
  }, [])
  if (!ways.some(([path]) => path === location.pathname)) return null
  return (
    <nav className="ways" aria-label={t('ways.label')}>
      {ways.map(([path, name]) => (
        <a key={path} ref={location.pathname === path ? here : undefined} href={path} aria-current={location.pathname === path ? 'page' : undefined}>
          {t(`ways.${name}`)}
        </a>
      ))}
    </nav>
  )
}
