import { type Asset, formatAmount } from '@rivulet/money'
import { stringify } from 'csv-stringify/sync'
import type { ActivityLine } from './activity.ts'

/** One line for each day, kind, site and payee; amounts exact with a point. Spreadsheets get no formulas. */
export function activityCsv(lines: readonly ActivityLine[], asset: Asset): string {
  const rows = lines.map(({ day, kind, site, payee, amount, seconds }) => [day, kind, guarded(site), guarded(payee), String(seconds), formatAmount(amount, asset), asset.code])
  return stringify([['day', 'kind', 'site', 'payee', 'seconds', 'amount', 'asset'], ...rows], { bom: true, record_delimiter: 'windows' })
}

/** What others wrote must not begin as a formula does. */
function guarded(text = ''): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
