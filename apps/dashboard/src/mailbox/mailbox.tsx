import { useTranslation } from 'react-i18next'
import * as z from 'zod/mini'
import { callApi } from '../api.ts'
import { withOperator } from '../ledger/ledger-api.ts'
import { Empty } from '../look/notice.tsx'
import { OperatorPage } from '../operator-payouts/operator-page.tsx'
import { usePolled } from '../use-polled.ts'
import { useLocale } from '../words/words.ts'

const pollMs = 3_000
const mailboxSchema = z.object({ mails: z.array(z.object({ id: z.string(), to: z.string(), subject: z.string(), text: z.string(), createdAtMs: z.number() })) })

/** What the sandbox would have mailed. */
export function Mailbox(): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const polled = usePolled(() => withOperator(callApi('/api/mailbox', { answer: mailboxSchema })), pollMs)
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })
  return (
    <OperatorPage title={t('mailbox.title')} polled={polled}>
      {({ value: { mails } }) => (
        <>
          <p className="quiet">{t('mailbox.why')}</p>
          {mails.length === 0 ? (
            <Empty title={t('mailbox.empty')} why={t('mailbox.emptyWhy')} />
          ) : (
            mails.map(({ id, to, subject, text, createdAtMs }) => (
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
        </>
      )}
    </OperatorPage>
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
