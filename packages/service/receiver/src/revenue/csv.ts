import { formatAmount } from '@rivulet/money'
import { stringify } from 'csv-stringify/sync'
import { unformulated } from '../statements/csv.ts'
import type { Revenue } from './revenue.ts'

/** One line for each day, pointer and site, exact with a point. */
export function revenueCsv({ assets }: Revenue): string {
  const rows = assets.flatMap(({ asset, lines }) => lines.map(({ day, pointer, site, amount }) => [day, pointer, unformulated(site ?? ''), formatAmount(amount, asset), asset.code]))
  return stringify([['day', 'pointer', 'site', 'amount', 'asset'], ...rows], { bom: true, record_delimiter: 'windows' })
}
