/** The bank's answer: statements of ISO 20022 (camt.053, versions 2 to 13), read with care, since anybody may have written the file. Pure. */
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { isFault } from '@rivulet/faults'
import { type Asset, parseAmount } from '@rivulet/money'
import { z } from 'zod'
import { PayoutFault } from '../fault.ts'

export interface StatementLine {
  /** Units; what the account received is positive. */
  readonly amount: bigint
  readonly endToEndId: string | undefined
  /** Names the booking at the bank. */
  readonly bankReference: string | undefined
  /** Money that came back. */
  readonly isReturn: boolean
  readonly reason: string | undefined
  readonly bookedMs: number
  readonly description: string
}

export interface Statement {
  /** The bank's own name of it. */
  readonly bankId: string
  readonly iban: string
  readonly opening: bigint
  readonly closing: bigint
  readonly fromMs: number | undefined
  readonly toMs: number
  readonly lines: readonly StatementLine[]
}

const statementsMax = 100
const linesMax = 100_000
const namespacePattern = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-9]|1[0-3])$/
/** What banks write where there is no reference. */
const noReference = /^(?:NON-?REF|NOT-?PROVIDED|NONE|0*)$/i
const lists = new Set(['Stmt', 'Ntry', 'NtryDtls', 'TxDtls', 'Bal', 'AddtlInf', 'Ustrd', 'RmtInf'])
const parser = new XMLParser({
  ignoreAttributes: false, parseTagValue: false, parseAttributeValue: false, transformTagName: (name) => name.replace(/^[^:]*:/, ''), processEntities: { enabled: true, maxTotalExpansions: 100_000 }, htmlEntities: false,
  isArray: (name) => lists.has(name),
})

const text = z.string().max(2_000)
const amount = z.object({ '#text': text, '@_Ccy': text })
const sign = z.enum(['CRDT', 'DBIT'])
const day = z.union([z.object({ Dt: text }).transform(({ Dt }) => Dt), z.object({ DtTm: text }).transform(({ DtTm }) => DtTm)])
const code = z.union([z.object({ Cd: text }).transform(({ Cd }) => Cd), text])
const returned = z.object({ Rsn: z.object({ Cd: text.optional(), Prtry: text.optional() }).optional(), AddtlInf: z.array(text).optional() })
const references = z.object({ EndToEndId: text.optional(), AcctSvcrRef: text.optional(), TxId: text.optional(), PmtInfId: text.optional() })
const transaction = z.object({
  Refs: references.optional(),
  Amt: amount.optional(),
  AmtDtls: z.object({ TxAmt: z.object({ Amt: amount }).optional() }).optional(),
  CdtDbtInd: sign.optional(),
  RtrInf: returned.optional(),
  RmtInf: z.array(z.object({ Ustrd: z.array(text).optional() })).optional(),
  AddtlTxInf: text.optional(),
})
const entry = z.object({
  Amt: amount,
  CdtDbtInd: sign,
  RvslInd: z.enum(['true', 'false', '1', '0']).optional(),
  Sts: code,
  BookgDt: day.optional(),
  AcctSvcrRef: text.optional(),
  AddtlNtryInf: text.optional(),
  NtryDtls: z.array(z.object({ Btch: z.object({ PmtInfId: text.optional() }).optional(), TxDtls: z.array(transaction).optional() })).optional(),
})
const balance = z.object({ Tp: z.object({ CdOrPrtry: z.object({ Cd: text.optional() }) }), Amt: amount, CdtDbtInd: sign })
const statement = z.object({
  Id: text,
  CreDtTm: text,
  FrToDt: z.object({ FrDtTm: text, ToDtTm: text }).optional(),
  Acct: z.object({ Id: z.object({ IBAN: text }) }),
  Bal: z.array(balance),
  Ntry: z.array(entry).max(linesMax).optional(),
})
const document = z.object({
  Document: z
    .looseObject({ BkToCstmrStmt: z.object({ Stmt: z.array(statement).min(1).max(statementsMax) }) })
    .refine((given) => Object.entries(given).some(([name, value]) => name.startsWith('@_xmlns') && typeof value === 'string' && namespacePattern.test(value)), 'is no camt.053'),
})

/**
 * Only bookings are read, not what is still expected. A statement whose balances do not fit its lines was cut or changed, and is refused whole.
 * Throws `statement-invalid`, saying where.
 */
export function parseStatements(file: string, asset: Asset): readonly Statement[] {
  // A document type may declare entities, and no bank sends one.
  if (file.includes('<!DOCTYPE') || file.includes('<!ENTITY')) throw invalid('it declares a document type')
  const checked = XMLValidator.validate(file)
  if (checked !== true) throw invalid(`it is not well-formed XML: line ${checked.err.line}: ${checked.err.msg}`)
  const parsed = document.safeParse(parse(file))
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalid(`${issue?.path.join('/') ?? ''}: ${issue?.message ?? ''}`)
  }
  return parsed.data.Document.BkToCstmrStmt.Stmt.map((one) => statementOf(one, asset))
}

function parse(file: string): unknown {
  try {
    return parser.parse(file)
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error))
  }
}

function statementOf({ Id, CreDtTm, FrToDt, Acct, Bal, Ntry = [] }: z.output<typeof statement>, asset: Asset): Statement {
  const opening = balanceOf(Bal, ['OPBD', 'PRCD'], asset)
  const closing = balanceOf(Bal, ['CLBD'], asset)
  const toMs = timeOf(FrToDt?.ToDtTm ?? CreDtTm)
  // An entry of nothing only tells something.
  const lines = Ntry.filter(({ Sts }) => Sts === 'BOOK').flatMap((one, index) => linesOf(one, { asset, toMs, where: `entry ${index + 1}` })).filter((line) => line.amount !== 0n)
  if (opening + lines.reduce((sum, line) => sum + line.amount, 0n) !== closing) throw invalid('opening balance and bookings do not add up to the closing balance: something is missing')
  return { bankId: Id, iban: Acct.Id.IBAN.replaceAll(' ', ''), opening, closing, fromMs: FrToDt === undefined ? undefined : timeOf(FrToDt.FrDtTm), toMs, lines }
}

function balanceOf(balances: readonly z.output<typeof balance>[], codes: readonly string[], asset: Asset): bigint {
  const found = balances.find(({ Tp }) => codes.includes(Tp.CdOrPrtry.Cd ?? ''))
  if (found === undefined) throw invalid(`it has no balance ${codes.join(' or ')}`)
  return signed(found.Amt, found.CdtDbtInd, asset)
}

/** One line for each transaction that the bank lists below an entry, else one for the entry. */
function linesOf(one: z.output<typeof entry>, { asset, toMs, where }: { readonly asset: Asset; readonly toMs: number; readonly where: string }): readonly StatementLine[] {
  const whole = signed(one.Amt, one.CdtDbtInd, asset)
  const details = one.NtryDtls ?? []
  const transactions = details.flatMap(({ TxDtls }) => TxDtls ?? [])
  const reversal = one.RvslInd === 'true' || one.RvslInd === '1'
  const common = { bookedMs: one.BookgDt === undefined ? toMs : timeOf(one.BookgDt) }
  if (transactions.length === 0) {
    const endToEndId = details[0]?.Btch?.PmtInfId
    return [{ ...common, amount: whole, endToEndId, bankReference: referenceOf(one.AcctSvcrRef), isReturn: reversal, reason: undefined, description: one.AddtlNtryInf ?? '' }]
  }
  const lines = transactions.map((each, index) => {
    const own = each.Amt ?? each.AmtDtls?.TxAmt?.Amt
    // What was sent in another currency the bank has booked in the account's: alone it is the whole entry.
    const given = transactions.length === 1 && own?.['@_Ccy'] !== one.Amt['@_Ccy'] ? one.Amt : own
    if (given === undefined) throw invalid(`${where}, transaction ${index + 1} has no amount`)
    const named = referenceOf(one.AcctSvcrRef)
    const ofEntry = named === undefined || transactions.length === 1 ? named : `${named}/${index + 1}`
    const reason = each.RtrInf === undefined ? undefined : [each.RtrInf.Rsn?.Cd ?? each.RtrInf.Rsn?.Prtry, ...(each.RtrInf.AddtlInf ?? [])].filter((part) => part !== undefined).join(' ')
    return {
      ...common, amount: signed(given, each.CdtDbtInd ?? one.CdtDbtInd, asset), endToEndId: each.Refs?.EndToEndId, bankReference: referenceOf(each.Refs?.AcctSvcrRef) ?? ofEntry, isReturn: reversal || each.RtrInf !== undefined, reason,
      description: (each.RmtInf ?? []).flatMap(({ Ustrd }) => Ustrd ?? []).join(' ') || (each.AddtlTxInf ?? one.AddtlNtryInf ?? ''),
    }
  })
  if (lines.reduce((sum, line) => sum + line.amount, 0n) !== whole) throw invalid(`${where}: its transactions do not add up to it`)
  return lines
}

function referenceOf(written: string | undefined): string | undefined {
  return written === undefined || noReference.test(written.trim()) ? undefined : written
}

function signed({ '#text': units, '@_Ccy': currency }: z.output<typeof amount>, direction: z.output<typeof sign>, asset: Asset): bigint {
  if (currency !== asset.code) throw invalid(`it counts in ${currency.slice(0, 10)}, not in ${asset.code}`)
  try {
    const parsed = parseAmount(units.trim(), asset)
    return direction === 'CRDT' ? parsed : -parsed
  } catch (error) {
    if (isFault(error)) throw invalid(error.message)
    throw error
  }
}

function timeOf(written: string): number {
  const ms = Date.parse(written)
  if (Number.isNaN(ms)) throw invalid(`this is no date: ${written.slice(0, 40)}`)
  return ms
}

function invalid(why: string): PayoutFault {
  return new PayoutFault('statement-invalid', `this statement cannot be used: ${why.slice(0, 500)}`)
}
