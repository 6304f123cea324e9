import { useTranslation } from 'react-i18next'
import { formatMoney } from '../amounts.ts'
import { useLocale } from '../words/words.ts'
import type { GrantAccess, GrantAmount, GrantTerms } from './grants-api.ts'
import { periodOf } from './period.ts'

/** A grant in plain words: who asks, what it may do, how much, how often, to whom and until when. */
export function Terms({ terms }: { readonly terms: GrantTerms }): React.JSX.Element {
  const { t } = useTranslation()
  const words = useTermWords(terms)
  const wallets = [...new Set([...terms.access.flatMap(({ identifier }) => identifier ?? []), ...(terms.subject === null ? [] : [terms.subject])])]
  return (
    <dl className="terms">
      <dt>{t('grants.who')}</dt>
      <dd>
        {terms.client.name !== null && <strong>{terms.client.name}</strong>}
        <span className="grant-address">{terms.client.walletAddress}</span>
      </dd>
      {wallets.length > 0 && (
        <>
          <dt>{t('grants.wallet')}</dt>
          <dd>
            {wallets.map((wallet) => (
              <span key={wallet} className="grant-address">
                {wallet}
              </span>
            ))}
          </dd>
        </>
      )}
      <dt>{t('grants.what')}</dt>
      <dd>
        <ul className="grant-rights">
          {words.rights.map((right) => (
            <li key={right}>{right}</li>
          ))}
        </ul>
      </dd>
      {words.much !== undefined && (
        <>
          <dt>{t('grants.much')}</dt>
          <dd>{words.much}</dd>
        </>
      )}
      {words.often !== undefined && (
        <>
          <dt>{t('grants.often')}</dt>
          <dd>{words.often}</dd>
        </>
      )}
      {words.receiver !== undefined && (
        <>
          <dt>{t('grants.to')}</dt>
          <dd className="grant-address">{words.receiver}</dd>
        </>
      )}
      <dt>{t('grants.until')}</dt>
      <dd>{words.until}</dd>
    </dl>
  )
}

interface TermWords {
  readonly rights: readonly string[]
  readonly much: string | undefined
  readonly often: string | undefined
  readonly receiver: string | undefined
  readonly until: string
}

function useTermWords(terms: GrantTerms): TermWords {
  const { t } = useTranslation()
  const locale = useLocale()
  const date = (ms: number): string => new Intl.DateTimeFormat(locale, { dateStyle: 'long' }).format(ms)
  const paying = terms.access.find(({ type, actions }) => type === 'outgoing-payment' && actions.includes('create'))
  const limits = paying?.limits
  const rights = [...terms.access.flatMap((access) => rightsOf(access)).map((right) => t(`grants.right.${right}`)), ...(terms.subject === null ? [] : [t('grants.right.subject')])]
  const money = ({ value, assetCode, assetScale }: GrantAmount): string => formatMoney(value, { code: assetCode, scale: assetScale }, locale)
  const period = limits?.interval === undefined ? undefined : periodOf(limits.interval, locale)
  const limited = limits?.debitAmount ?? limits?.receiveAmount
  const often =
    limited === undefined ? t('grants.oftenFree') : period === undefined ? t('grants.oftenOnce') : 'simple' in period ? t(`grants.oftenEach.${period.simple}`) : t('grants.oftenPeriod', { period: period.text })
  return {
    rights: [...new Set(rights)],
    much:
      paying === undefined
        ? undefined
        : limits?.debitAmount !== undefined
          ? t('grants.muchDebit', { amount: money(limits.debitAmount) })
          : limits?.receiveAmount !== undefined
            ? t('grants.muchReceive', { amount: money(limits.receiveAmount) })
            : t('grants.muchFree'),
    often: paying === undefined ? undefined : often,
    receiver: limits?.receiver,
    until: terms.access.length === 0 ? t('grants.untilNow') : terms.untilMs !== null ? t('grants.untilDate', { date: date(terms.untilMs) }) : limited !== undefined && period === undefined ? t('grants.untilSpent') : t('grants.untilRevoked'),
  }
}

type Right = 'pay' | 'readOut' | 'readAllOut' | 'quote' | 'receive' | 'readIn' | 'readAllIn'

function rightsOf({ type, actions }: GrantAccess): readonly Right[] {
  const all = actions.includes('read-all') || actions.includes('list-all')
  const reads = actions.includes('read') || actions.includes('list')
  switch (type) {
    case 'quote':
      return ['quote']
    case 'outgoing-payment':
      return [...(actions.includes('create') ? (['pay'] as const) : []), ...(all ? (['readAllOut'] as const) : reads ? (['readOut'] as const) : [])]
    case 'incoming-payment':
      return [...(actions.includes('create') || actions.includes('complete') ? (['receive'] as const) : []), ...(all ? (['readAllIn'] as const) : reads ? (['readIn'] as const) : [])]
  }
}
