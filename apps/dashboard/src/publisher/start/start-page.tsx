import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatMoney } from '../../amounts.ts'
import { FaultAlert } from '../../look/notice.tsx'
import { useDeed } from '../../plan/use-deed.ts'
import { usePolled } from '../../use-polled.ts'
import { useLocale } from '../../words/words.ts'
import { startEn } from '../../words/start-en.ts'
import { PublisherPage } from '../publisher-page.tsx'
import { Snippet } from './snippet.tsx'
import { type Kind, kinds, snippetOf } from './snippets.ts'
import { loadStart, type Pointer, runTestStream, type Start, type TagTest, testPage, type TestStreamLine } from './start-api.ts'

const pollMs = 60_000

/** How a publisher puts the tag into her pages, sees whether it is right there, and sees money arrive. */
export function StartPage(): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <PublisherPage title={t('start.title')} polled={usePolled(loadStart, pollMs)}>
      {(start) => <Steps start={start} />}
    </PublisherPage>
  )
}

function Steps({ start }: { readonly start: Start }): React.JSX.Element {
  const { t } = useTranslation()
  const { pointers, walletUrl, testStream } = start
  const [chosen, setChosen] = useState(pointers.find(({ main }) => main)?.id ?? pointers[0]?.id)
  const pointer = pointers.find(({ id }) => id === chosen) ?? pointers[0]
  return (
    <>
      <p className="lead">{t('start.why')}</p>
      <ol className="stack steps">
        <li className="card" aria-labelledby="start-address">
          <h2 id="start-address">{t('start.address')}</h2>
          <p className="quiet">{t('start.addressWhy')}</p>
          {pointers.length > 1 && <NativeSelect label={t('start.which')} value={pointer?.id} onChange={(event) => setChosen(event.currentTarget.value)} data={pointers.map(({ id, url, publicName }) => ({ value: id, label: `${publicName} (${url})` }))} />}
          {pointer !== undefined && <Snippet text={pointer.url} name={t('start.address')} />}
        </li>
        {pointer !== undefined && <Snippets parts={{ pointer: pointer.url, walletUrl }} />}
        <Tester />
        {testStream !== null && pointer !== undefined && <TestStream pointer={pointer} seconds={testStream.seconds} />}
      </ol>
    </>
  )
}

function Snippets({ parts }: { readonly parts: { readonly pointer: string; readonly walletUrl: string } }): React.JSX.Element {
  const { t } = useTranslation()
  const [kind, setKind] = useState<Kind>('html')
  const { file, text } = snippetOf(kind, parts)
  return (
    <li className="card" aria-labelledby="start-snippet">
      <h2 id="start-snippet">{t('start.snippet')}</h2>
      <p className="quiet">{t('start.snippetWhy')}</p>
      <NativeSelect label={t('start.made')} value={kind} onChange={(event) => setKind(kinds.find((one) => one === event.currentTarget.value) ?? 'html')} data={kinds.map((one) => ({ value: one, label: t(`start.kind.${one}`) }))} />
      <p className="start-how">
        {t(`start.how.${kind}`)} {file !== undefined && <code>{file}</code>}
      </p>
      <Snippet text={text} name={t(`start.kind.${kind}`)} />
      <p className="quiet">{t('start.policy', { wallet: new URL(parts.walletUrl).origin })}</p>
    </li>
  )
}

function Tester(): React.JSX.Element {
  const { t } = useTranslation()
  const [page, setPage] = useState('')
  const [empty, setEmpty] = useState(false)
  const [test, setTest] = useState<TagTest>()
  const deed = useDeed(() => Promise.resolve())
  const run = async (): Promise<void> => {
    setEmpty(page.trim() === '')
    if (page.trim() === '') return
    setTest(undefined)
    await deed.run(async () => setTest(await testPage(page.trim())))
  }
  return (
    <li className="card" aria-labelledby="start-test">
      <h2 id="start-test">{t('start.test')}</h2>
      <p className="quiet">{t('start.testWhy')}</p>
      <form
        className="field-line"
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <TextInput label={t('start.page')} type="url" inputMode="url" placeholder="https://" value={page} maxLength={2_000} error={empty ? t('start.pageNeeded') : undefined} onChange={(event) => setPage(event.currentTarget.value)} />
        <Button type="submit" size="md" loading={deed.busy}>
          {t('start.testIt')}
        </Button>
      </form>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      <div role="status">{test !== undefined && <Findings test={test} />}</div>
    </li>
  )
}

type FindingCode = keyof typeof startEn.start.finding

function Findings({ test: { ok, page, findings } }: { readonly test: TagTest }): React.JSX.Element {
  const { t } = useTranslation()
  return (
    <>
      <p className={ok ? 'finding-sum finding-good' : 'finding-sum finding-wrong'}>{ok ? t('start.right') : t('start.wrong')}</p>
      {page !== null && <p className="quiet start-found">{page}</p>}
      <ul className="findings">
        {findings.map(({ weight, code, detail }, index) => (
          // Several tags may be told the same.
          // oxlint-disable-next-line react/no-array-index-key
          <li key={`${code} ${index}`} className={`finding finding-${weight}`}>
            <strong>{t(`start.weight.${weight}`)}</strong>
            <p>{Object.hasOwn(startEn.start.finding, code) ? t(`start.finding.${code as FindingCode}`, { detail }) : `${code} ${detail}`}</p>
          </li>
        ))}
      </ul>
    </>
  )
}

function TestStream({ pointer, seconds }: { readonly pointer: Pointer; readonly seconds: number }): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const [lines, setLines] = useState<readonly TestStreamLine[]>([])
  const deed = useDeed(() => Promise.resolve())
  const money = (amount: bigint): string => formatMoney(amount, { code: pointer.assetCode, scale: pointer.assetScale }, locale, 6)
  const last = lines.at(-1)
  const run = async (): Promise<void> => {
    setLines([])
    await deed.run(() => runTestStream(pointer.id, (line) => setLines((before) => [...before, line])))
  }
  return (
    <li className="card" aria-labelledby="start-stream">
      <h2 id="start-stream">{t('start.stream')}</h2>
      <p className="quiet">{t('start.streamWhy', { seconds })}</p>
      <div className="deeds">
        <Button loading={deed.busy} onClick={() => void run()}>
          {t('start.streamIt')}
        </Button>
      </div>
      {deed.fault !== undefined && <FaultAlert fault={deed.fault} />}
      {lines.length > 0 && (
        <ol className="rows stream-lines">
          {lines.map(({ second, sent }) => (
            <li key={second} className="row">
              <p className="row-main">{t('start.second', { second })}</p>
              <p className="row-amount">{money(sent)}</p>
            </li>
          ))}
        </ol>
      )}
      <p role="status">{!deed.busy && last !== undefined && t('start.streamed', { amount: money(last.sent), packets: last.fulfilled })}</p>
    </li>
  )
}
