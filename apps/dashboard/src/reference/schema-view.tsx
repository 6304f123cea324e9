import { useTranslation } from 'react-i18next'
import { type ApiDocument, limitsOf, resolved, type Schema, typeOf } from './openapi.ts'

const depthMax = 4

interface SchemaProps {
  readonly schema: Schema
  readonly document: ApiDocument
  readonly depth?: number
}

/** What an object holds, member by member; a choice between objects one after the other. */
export function SchemaView({ schema: given, document, depth = 0 }: SchemaProps): React.JSX.Element | null {
  const { t } = useTranslation()
  const schema = resolved(given, document)
  const choices = schema.anyOf ?? schema.oneOf
  if (depth > depthMax) return null
  if (choices !== undefined) {
    const objects = choices.map((one) => resolved(one, document)).filter(({ properties, items }) => properties !== undefined || items !== undefined)
    return (
      <>
        {objects.map((one, index) => (
          <div key={JSON.stringify(one)} className="schema-choice">
            {objects.length > 1 && <p className="quiet">{index === 0 ? t('reference.either') : t('reference.or')}</p>}
            <SchemaView schema={one} document={document} depth={depth} />
          </div>
        ))}
      </>
    )
  }
  if (schema.items !== undefined) return <SchemaView schema={schema.items} document={document} depth={depth} />
  if (schema.properties === undefined) return null
  return (
    <ul className="schema">
      {Object.entries(schema.properties).map(([name, member]) => (
        <li key={name}>
          <Member name={name} schema={member} document={document} isRequired={schema.required?.includes(name) === true} />
          <SchemaView schema={member} document={document} depth={depth + 1} />
        </li>
      ))}
    </ul>
  )
}

/** A member, or a parameter, on one line. */
export function Member({ name, schema, document, isRequired }: { readonly name: string; readonly schema: Schema; readonly document: ApiDocument; readonly isRequired: boolean }): React.JSX.Element {
  const { t } = useTranslation()
  const whole = resolved(schema, document)
  return (
    <p className="schema-member">
      <code>{name}</code> <span>{typeOf(schema, document)}</span>
      {!isRequired && <span className="quiet"> {t('reference.optional')}</span>}
      {limitsOf(whole).map((limit) => (
        <span key={limit} className="schema-limit">
          {limit}
        </span>
      ))}
      {whole.description !== undefined && <span className="quiet"> {whole.description}</span>}
    </p>
  )
}
