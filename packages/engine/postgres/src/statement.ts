export type SqlValue = string | number | bigint | boolean | Buffer | null | readonly SqlValue[]

/**
 * A statement with its values in its text, so that several can leave as one message of the simple protocol: one round trip, and still each with a snapshot of its own. `$1` stands for the first
 * value. PostgreSQL gives a literal the type that it would give a parameter in its place. Throws as PostgreSQL does (22021) for text that it cannot hold.
 */
export function statement(text: string, values: readonly SqlValue[]): string {
  return text.replaceAll(/\$(\d+)/g, (_, number: string) => literal(values[Number(number) - 1] ?? null))
}

function literal(value: SqlValue): string {
  return value === null ? 'null' : quoted(textOf(value))
}

/** Thousands of values pass here: what needs no escaping is not looked at twice. */
function quoted(text: string): string {
  return /['\\]/.test(text) ? ` E'${text.replaceAll(/['\\]/g, '$&$&')}'` : `'${text}'`
}

function textOf(value: Exclude<SqlValue, null>): string {
  if (typeof value === 'string') return checked(value)
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`
  return typeof value === 'object' ? `{${(value as readonly SqlValue[]).map(elementOf).join(',')}}` : String(value)
}

function elementOf(value: SqlValue): string {
  if (typeof value === 'bigint' || typeof value === 'number') return String(value)
  if (value === null) return 'null'
  const text = textOf(value)
  return `"${/["\\]/.test(text) ? text.replaceAll(/["\\]/g, String.raw`\$&`) : text}"`
}

function checked(text: string): string {
  if (text.includes('\0')) throw Object.assign(new Error('text holds a NUL byte, which the database does not take'), { code: '22021', severity: 'ERROR' })
  return text
}

/** Several statements as one message: one round trip, each with a snapshot of its own, and after one that fails none. Yields the rows of each. */
export async function script(client: { query(text: string): Promise<unknown> }, statements: readonly string[]): Promise<unknown[][]> {
  const answers = (await client.query(statements.join(';\n'))) as Rows | readonly Rows[]
  return 'rows' in answers ? [answers.rows] : answers.map(({ rows }) => rows)
}

interface Rows {
  readonly rows: unknown[]
}
