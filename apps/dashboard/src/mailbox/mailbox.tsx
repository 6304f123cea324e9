import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { Frame } from '../look/frame.tsx'
import { Empty, FaultAlert, Loading } from '../look/notice.tsx'
import { Door } from '../session/door.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'

const pollMs = 3_000
const mailboxSchema = z.object({ mails: z.array(z.object({ id: z.string(), to: z.string(), subject: z.string(), text: z.string(), createdAtMs: z.number() })) })

/** What the sandbox would have mailed. */
export function Mailbox(): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const { value, fault, reload } = usePolled(() => callApi('/api/mailbox', { answer: mailboxSchema }), pollMs)
  useEffect(() => {
    document.title = `${t('mailbox.title')} · ${t('product')}`
  }, [t])
  if (fault?.status === 401) {
    return (
      <Frame entrance="operator">
        <Door entrance="operator" maySignUp={false} onSignedIn={reload} />
      </Frame>
    )
  }
  if (value === undefined) return <Frame entrance="operator">{fault === undefined ? <Loading /> : <FaultAlert fault={fault} onRetry={() => void reload()} />}</Frame>
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <Frame entrance="operator">
      <h1 className="page-title">{t('mailbox.title')}</h1>
      <p className="quiet">{t('mailbox.why')}</p>
      {value.mails.length === 0 ? (
        <Empty title={t('mailbox.empty')} why={t('mailbox.emptyWhy')} />
      ) : (
        value.mails.map(({ id, to, subject, text, createdAtMs }) => (
          <article key={id} className="card mail" aria-labelledby={id}>
            <h2 id={id}>{subject}</h2>
            <p className="quiet">{t('mailbox.to', { to, date: date.format(createdAtMs) })}</p>
            <p className="mail-text">
              <Linked text={text} />
            </p>
            <a href={`/api/mailbox/${id}`} target="_blank" rel="noreferrer">
              {t('mailbox.asSent')}
            </a>
          </article>
        ))
      )}
    </Frame>
  )
}

/** A text whose addresses are links. */
function Linked({ text }: { readonly text: string }): React.JSX.Element {
  return (
    <>
      {text.split(/(https?:\/\/\S+)/).map((part, index) =>
        index % 2 === 1 ? (
          // The parts of one text never change their places.
          <a key={`${index} ${part}`} href={part} target="_blank" rel="noreferrer">
            {part}
          </a>
        ) : (
          part
        ),
      )}
    </>
  )
}
