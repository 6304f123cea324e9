import { formatAmount } from '@rivulet/money'
import { stringify } from 'csv-stringify/sync'
import type { PointerStatement } from './statement.ts'

/** One line for each movement, amounts exact with a point; a balance before and after for each pointer. Spreadsheets get no formulas. */
export function statementCsv(statements: readonly PointerStatement[], { from, to }: { readonly from: string; readonly to: string }): string {
  const rows = statements.flatMap(({ address, opening, closing, lines }) => {
    const row = (day: string, kind: string, site: string, amount: bigint): readonly string[] => [day, address.url, kind, site, formatAmount(amount, address.asset), address.asset.code]
    return [row(from, 'opening', '', opening), ...lines.map(({ day, kind, site, amount }) => row(day, kind, site ?? '', amount)), row(to, 'closing', '', closing)]
  })
  // Only columns that others write are guarded: an amount may begin with a minus.
  const guarded = rows.map(([day = '', pointer = '', kind = '', site = '', amount = '', asset = '']) => [day, pointer, kind, unformulated(site), amount, asset])
  return stringify([['day', 'pointer', 'kind', 'site', 'amount', 'asset'], ...guarded], { bom: true, record_delimiter: 'windows' })
}

/** A cell that others write, such that no spreadsheet runs it. */
export function unformulated(cell: string): string {
  return /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
}
