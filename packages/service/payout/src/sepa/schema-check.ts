/** Whether a file for the bank is what ISO 20022 says, by the ISO's own schema of the message. */
import { readFile } from 'node:fs/promises'
import type { PainVersion } from './pain-version.ts'

export interface SchemaCheck {
  /** The message that the file was held against. */
  readonly schema: PainVersion
  /** What the schema does not allow, by line; empty for a valid file. */
  readonly faults: readonly string[]
}

const faultsShownMax = 20
/** Many thousands of payments. */
const memoryMiBMax = 512

/** By libxml2. Loaded when a file is checked: no server needs it to start. */
export async function checkSchema(contents: string, schema: PainVersion): Promise<SchemaCheck> {
  const [{ validateXML, memoryPages }, xsd] = await Promise.all([import('xmllint-wasm'), readFile(new URL(`${schema}.xsd`, import.meta.url), 'utf8')])
  const { errors } = await validateXML({ xml: [{ fileName: 'payouts.xml', contents }], schema: [{ fileName: `${schema}.xsd`, contents: xsd }], maxMemoryPages: memoryMiBMax * memoryPages.MiB })
  return { schema, faults: errors.slice(0, faultsShownMax).map(({ message, loc }) => `${loc === null ? '' : `line ${loc.lineNumber}: `}${message}`) }
}
