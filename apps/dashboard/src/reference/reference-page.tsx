import { TextInput } from '@mantine/core'
import { useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import * as z from 'zod/mini'
import { ApiFault, callApi } from '../api.ts'
import { Frame, type FrameProps } from '../look/frame.tsx'
import { Empty, FaultAlert, Loading } from '../look/notice.tsx'
import { leave, personSchema } from '../session/session.ts'
import { type ApiDocument, loadDocument, type Operation, operationsOf } from './openapi.ts'
import { Member, SchemaView } from './schema-view.tsx'
import './reference.css'

const sessionSchema = z.nullable(z.object({ user: personSchema }))

/** The API of this entrance, to browse: every route, who may use it, what it takes and how it refuses. The document is the server's own. */
export function ReferencePage({ entrance }: Pick<FrameProps, 'entrance'>): React.JSX.Element {
  const { t } = useTranslation()
  const [value, setValue] = useState<Awaited<ReturnType<typeof loadReference>>>()
  const [fault, setFault] = useState<ApiFault>()
  const reload = useCallback(async () => {
    try {
      setValue(await loadReference())
      setFault(undefined)
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      setFault(error)
    }
  }, [])
  useEffect(() => void reload(), [reload])
  useEffect(() => {
    document.title = `${t('reference.title')} · ${t('product')}`
  }, [t])
  return (
    <Frame entrance={entrance} person={value?.person} onSignOut={() => void leave(reload)}>
      <h1 className="page-title">{t('reference.title')}</h1>
      {value !== undefined ? <Reference api={value.api} /> : fault !== undefined ? <FaultAlert fault={fault} onRetry={() => void reload()} /> : <Loading />}
    </Frame>
  )
}

/** Open to everybody; who is signed in has the ways to the other pages. */
async function loadReference(): Promise<{ readonly api: ApiDocument; readonly person: z.infer<typeof personSchema> | undefined }> {
  const [api, session] = await Promise.all([loadDocument(), callApi('/api/auth/get-session', { answer: sessionSchema })])
  return { api, person: session?.user }
}

function Reference({ api }: { readonly api: ApiDocument }): React.JSX.Element {
  const { t } = useTranslation()
  const [text, setText] = useState('')
  const sections = api.tags.map(({ name }) => ({ name, operations: operationsOf(api, name, text) })).filter(({ operations }) => operations.length > 0)
  return (
    <div className="reference">
      <section className="card" aria-labelledby="reference-about">
        <h2 id="reference-about">{api.info.title}</h2>
        <p className="quiet" lang="en">
          {api.info.description.replaceAll('`', '')}
        </p>
        <p>
          <a className="plain-button" href="/api/openapi.json" download="rivulet-openapi.json">
            {t('reference.download')}
          </a>
        </p>
        <TextInput label={t('reference.filter')} type="search" value={text} onChange={(event) => setText(event.currentTarget.value)} />
      </section>
      {sections.length === 0 && <Empty title={t('reference.none')} why={t('reference.noneWhy')} />}
      {sections.map(({ name, operations }) => (
        <section key={name} className="card" aria-labelledby={`section-${operations[0]?.operationId ?? ''}`}>
          <h2 id={`section-${operations[0]?.operationId ?? ''}`} lang="en">
            {name}
          </h2>
          <ul className="operations">
            {operations.map((operation) => (
              <li key={operation.operationId}>
                <OperationView operation={operation} api={api} />
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  )
}

function OperationView({ operation, api }: { readonly operation: Operation; readonly api: ApiDocument }): React.JSX.Element {
  const { t } = useTranslation()
  const { operationId, method, path, summary, parameters = [], requestBody, responses } = operation
  const body = requestBody?.content['application/json']?.schema
  const other = requestBody === undefined ? undefined : Object.keys(requestBody.content).find((type) => type !== 'application/json')
  return (
    <details id={operationId} open={location.hash === `#${operationId}`}>
      <summary>
        <span className={`method method-${method.toLowerCase()}`}>{method}</span>
        <code className="operation-path">{path}</code>
        <span className="operation-summary" lang="en">
          {summary.replaceAll('`', '')}
        </span>
      </summary>
      <div className="operation-body">
        <Who security={operation.security} />
        {parameters.length > 0 && (
          <>
            <h3>{t('reference.parameters')}</h3>
            <ul className="schema">
              {parameters.map(({ name, required = false, schema = {} }) => (
                <li key={name}>
                  <Member name={name} schema={schema} document={api} isRequired={required} />
                </li>
              ))}
            </ul>
          </>
        )}
        {body !== undefined && (
          <>
            <h3>{t('reference.body')}</h3>
            <SchemaView schema={body} document={api} />
          </>
        )}
        {other !== undefined && <p>{t('reference.takes', { type: other })}</p>}
        <h3>{t('reference.answers')}</h3>
        <ul className="schema">
          {Object.entries(responses).map(([status, { description, content }]) => (
            <li key={status}>
              <p className="schema-member">
                <code>{status}</code> <span lang="en">{description}</span> <span className="quiet">{Object.keys(content ?? {}).join(', ')}</span>
              </p>
            </li>
          ))}
        </ul>
      </div>
    </details>
  )
}

/** Who may use it. */
function Who({ security }: Pick<Operation, 'security'>): React.JSX.Element {
  const { t } = useTranslation()
  const schemes = security.flatMap((scheme) => Object.entries(scheme))
  const scope = schemes.find(([name]) => name === 'apiKey')?.[1][0]
  const isSigned = schemes.some(([name]) => name === 'signature')
  return <p className="quiet">{schemes.length === 0 ? t('reference.open') : isSigned ? t('reference.signed') : scope === undefined ? t('reference.session') : t('reference.sessionOrKey', { scope })}</p>
}
