import { Button } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ApiFault } from '../api.ts'
import { formatMoney } from '../amounts.ts'
import { FaultAlert } from '../look/notice.tsx'
import { pointerParts } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { findStreams, type FoundStream } from './operator-api.ts'

interface Found {
  readonly text: string
  readonly streams: readonly FoundStream[]
  readonly more: boolean
}

/** What the live table does not list: streams that have ended, and those beyond the newest thousand. Asked for by a press, not with every letter. */
export function FoundStreams({ text }: { readonly text: string }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [found, setFound] = useState<Found>()
  const [fault, setFault] = useState<ApiFault>()
  const find = async (before: readonly FoundStream[]): Promise<void> => {
    try {
      const { streams, more } = await findStreams(text, before.at(-1)?.id)
      setFound({ text, streams: [...before, ...streams], more })
      setFault(undefined)
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
  }
  const time = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  const name = (pointer: string): string => pointerParts(pointer).name
  return (
    <div className="found">
      <Button variant="default" size="sm" onClick={() => void find([])}>
        {text === '' ? t('operator.findAll') : t('operator.findText', { text })}
      </Button>
      {fault !== undefined && <FaultAlert fault={fault} />}
      {found !== undefined && (
        <div role="region" aria-label={t('operator.found')}>
          <p className="quiet" role="status">
            {found.streams.length === 0 ? t('operator.foundNone') : t('operator.foundSome', { count: found.streams.length })}
          </p>
          <ul className="rows">
            {found.streams.map((stream) => (
              <li key={stream.id} className="row">
                <div className="row-main">
                  <p className="row-title">
                    <a href={`/streams/${stream.id}`}>
                      {name(stream.payer)} → {name(stream.payee)}
                    </a>
                  </p>
                  <p className="quiet">
                    {time.format(stream.openedAtMs)} · <span className={`state state-${stream.state}`}>{t(`operator.state.${stream.state}`)}</span>
                  </p>
                </div>
                <p className="row-amount">{formatMoney(stream.total, { code: stream.assetCode, scale: stream.assetScale }, locale)}</p>
              </li>
            ))}
          </ul>
          {found.more && (
            <Button variant="default" size="sm" onClick={() => void find(found.streams)}>
              {t('books.older')}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}
