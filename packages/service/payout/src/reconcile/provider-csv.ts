/** A payment service provider's statement as CSV: Stripe's itemized balance reports, and a plain form that anybody can write. */
import { type Asset, MoneyFault, parseAmount } from '@rivulet/money'
import { CsvError, parse } from 'csv-parse/sync'
import { PayoutFault } from '../fault.ts'
import { type ProviderLine, type ProviderLineKind, providerLineKinds, type ProviderStatement } from './provider-store.ts'

export interface CsvStatement {
  readonly provider: string
  /** The operator's own name of it: taken once. */
  readonly name: string
  readonly text: string
  readonly asset: Asset
  /** UTC, `2027-01-31`: the first and the last day that it covers; those of its first and last line unless told. */
  readonly fromDay?: string | undefined
  readonly toDay?: string | undefined
  /** The key of the charge that the provider calls so; undefined for none of ours. */
  readonly chargeKeyOf: (provider: string, reference: string) => Promise<string | undefined>
}

type Row = Readonly<Record<string, string>>

const linesMax = 100_000
const recordBytesMax = 65_536
const dayMs = 86_400_000
const stripeColumns = ['balance_transaction_id', 'created_utc', 'currency', 'gross', 'fee', 'reporting_category'] as const
const plainColumns = ['kind', 'reference', 'amount', 'currency', 'at'] as const

/**
 * The header says which form it is. Plain: `kind,reference,amount,currency,at`, amounts in the currency with a point ("-12.34"), times as ISO 8601. Stripe: the columns of
 * `balance_change_from_activity.itemized` and `ending_balance_reconciliation.itemized` (https://docs.stripe.com/reports/report-types/balance), where a charge is named by
 * `payment_metadata[rivulet_charge]` or `payment_intent_id`, and a payout of ours by `transfer_metadata[payout]` and `transfer_metadata[attempt]`.
 * Throws `statement-invalid`, naming the line, for another form, another currency, more decimals than the asset has, and times that are none.
 */
export async function providerStatementOf({ provider, name, text, asset, fromDay, toDay, chargeKeyOf }: CsvStatement): Promise<ProviderStatement> {
  const rows = rowsOf(text)
  const columns = Object.keys(rows[0] ?? {})
  const read = stripeColumns.every((column) => columns.includes(column)) ? (row: Row) => stripeLines(row, asset, (reference) => chargeKeyOf(provider, reference)) : plainColumns.every((column) => columns.includes(column)) ? (row: Row) => [plainLine(row, asset)] : undefined
  if (read === undefined) throw new PayoutFault('statement-invalid', `the first line must name the columns ${plainColumns.join(', ')}, or those of Stripe’s itemized balance report: ${stripeColumns.join(', ')}`)
  const lines: ProviderLine[] = []
  for (const [index, row] of rows.entries()) {
    try {
      lines.push(...(await read(row)))
    } catch (error) {
      if (error instanceof MoneyFault || error instanceof PayoutFault) throw new PayoutFault('statement-invalid', `line ${index + 2}: ${error.message}`)
      throw error
    }
  }
  const times = lines.map(({ atMs }) => atMs)
  return { provider, name, lines, fromMs: fromDay === undefined ? startOfDay(least(times)) : dayOf(fromDay), toMs: (toDay === undefined ? startOfDay(most(times)) : dayOf(toDay)) + dayMs - 1 }
}

function rowsOf(text: string): readonly Row[] {
  let rows: readonly Row[]
  try {
    rows = parse(text, { bom: true, columns: true, skip_empty_lines: true, trim: true, max_record_size: recordBytesMax, to: linesMax + 1 })
  } catch (error) {
    if (error instanceof CsvError) throw new PayoutFault('statement-invalid', `this is no CSV: ${error.message.slice(0, 200)}`)
    throw error
  }
  if (rows.length === 0) throw new PayoutFault('statement-invalid', 'there is no line in this statement')
  if (rows.length > linesMax) throw new PayoutFault('statement-invalid', `a statement has at most ${linesMax} lines: cut it by days`)
  return rows
}

function plainLine(row: Row, asset: Asset): ProviderLine {
  const kind = providerLineKinds.find((known) => known === row['kind'])
  if (kind === undefined) throw new PayoutFault('statement-invalid', `kind must be one of ${providerLineKinds.join(', ')}`)
  const reference = row['reference'] ?? ''
  if (reference === '' || reference.length > 200) throw new PayoutFault('statement-invalid', 'reference must be 1 to 200 characters')
  requireCurrency(row, asset)
  return { kind, reference, amount: signed(row['amount'] ?? '', asset), atMs: timeOf(row['at'] ?? '') }
}

/** What a line of Stripe's says happened, and what Stripe took for it. Of categories that mean nothing to us a person must say what they are. */
async function stripeLines(row: Row, asset: Asset, chargeKeyOf: (reference: string) => Promise<string | undefined>): Promise<readonly ProviderLine[]> {
  requireCurrency(row, asset)
  const [id, category, atMs] = [row['balance_transaction_id'] ?? '', row['reporting_category'] ?? '', timeOf(row['created_utc'] ?? '')]
  const [gross, fee] = [signed(row['gross'] ?? '', asset), signed(row['fee'] ?? '', asset)]
  const lines = (kind: ProviderLineKind, reference: string, feeKind: ProviderLineKind = 'fee'): readonly ProviderLine[] =>
    [{ kind, reference, amount: gross, atMs }, { kind: feeKind, reference, amount: -fee, atMs }].filter(({ amount }) => amount !== 0n)
  switch (category) {
    case 'charge':
      return lines('charge', await chargeOf(row, chargeKeyOf))
    case 'refund':
    case 'refund_failure':
      return lines('refund', await chargeOf(row, chargeKeyOf))
    case 'dispute':
      return lines('dispute', await chargeOf(row, chargeKeyOf), 'dispute-cost')
    case 'dispute_reversal':
      return lines('dispute-won', await chargeOf(row, chargeKeyOf), 'dispute-cost')
    case 'payout':
    case 'payout_reversal':
      return lines('settlement', firstOf(row, 'source_id', 'balance_transaction_id'))
    case 'transfer':
    case 'transfer_reversal':
      return lines('payout', payoutOf(row) ?? firstOf(row, 'source_id', 'balance_transaction_id'))
    default:
      return lines('other', `${category.slice(0, 60)} ${id}`, 'other')
  }
}

async function chargeOf(row: Row, chargeKeyOf: (reference: string) => Promise<string | undefined>): Promise<string> {
  const [key, intent] = [row['payment_metadata[rivulet_charge]'] ?? '', row['payment_intent_id'] ?? '']
  if (key !== '') return key
  return (intent === '' ? undefined : await chargeKeyOf(intent)) ?? firstOf(row, 'payment_intent_id', 'charge_id', 'source_id', 'balance_transaction_id')
}

function payoutOf(row: Row): string | undefined {
  const [payout, attempt] = [row['transfer_metadata[payout]'] ?? '', row['transfer_metadata[attempt]'] ?? '']
  return payout === '' ? undefined : `${payout}/${attempt === '' ? '1' : attempt}`
}

/** What stands in the first of these columns that says something. */
function firstOf(row: Row, ...columns: readonly string[]): string {
  return columns.map((column) => row[column] ?? '').find((text) => text !== '') ?? ''
}

function requireCurrency({ currency = '' }: Row, { code }: Asset): void {
  if (currency.toUpperCase() !== code) throw new PayoutFault('statement-invalid', `it is in ${currency.slice(0, 10) || 'no currency'}, this installation counts in ${code}: export that currency alone`)
}

function signed(text: string, asset: Asset): bigint {
  return text.startsWith('-') ? -parseAmount(text.slice(1), asset) : parseAmount(text, asset)
}

/** Stripe writes `2027-01-31 10:00:00`, in UTC. */
function timeOf(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text) ? Date.parse(/(?:Z|[+-]\d{2}:\d{2})$/.test(text) && text.length > 10 ? text.replace(' ', 'T') : `${text.replace(' ', 'T')}${text.length === 10 ? '' : 'Z'}`) : Number.NaN
  if (Number.isNaN(ms) || ms < 0) throw new PayoutFault('statement-invalid', `${JSON.stringify(text.slice(0, 40))} is no time: write 2027-01-31T10:00:00Z`)
  return ms
}

function dayOf(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms)) throw new PayoutFault('statement-invalid', `${JSON.stringify(text.slice(0, 40))} is no day: write 2027-01-31`)
  return ms
}

function startOfDay(ms: number): number {
  return ms - (ms % dayMs)
}

function least(times: readonly number[]): number {
  return times.reduce((first, ms) => Math.min(first, ms), Number.MAX_SAFE_INTEGER)
}

function most(times: readonly number[]): number {
  return times.reduce((last, ms) => Math.max(last, ms), 0)
}
