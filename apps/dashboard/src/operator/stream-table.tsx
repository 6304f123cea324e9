import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { formatAge, formatLiveMoney, formatMoney, perHour } from '../amounts.ts'
import { Flow } from '../look/mark.tsx'
import { pointerParts, shortSite } from '../words/names.ts'
import { useLocale } from '../words/words.ts'
import { type LiveRow, type LiveView, type SortColumn, sortColumns } from './live-model.ts'

export interface StreamTableProps {
  readonly rows: readonly LiveRow[]
  readonly view: LiveView
  readonly nowMs: number
  readonly moving: boolean
  readonly onSort: (column: SortColumn) => void
}

/** Rows beyond the edges that are drawn ahead of scrolling. */
const overscanRows = 6
const narrow = '(max-width: 860px)'

/** The streams as a table of which only the visible rows exist: a thousand rows change every second without a thousand repaints. */
export function StreamTable({ rows, view, nowMs, moving, onSort }: StreamTableProps): React.JSX.Element {
  const { t } = useTranslation()
  const box = useRef<HTMLDivElement>(null)
  const { top, height, rowHeight } = useWindow(box)
  const first = Math.max(0, Math.floor(top / rowHeight) - overscanRows)
  const last = Math.min(rows.length, Math.ceil((top + height) / rowHeight) + overscanRows)
  return (
    <div className="table" role="table" aria-label={t('operator.table')} aria-rowcount={rows.length + 1} aria-colcount={sortColumns.length}>
      <div role="rowgroup">
        <div className="table-row table-head" role="row" aria-rowindex={1}>
          {sortColumns.map((column) => (
            <div key={column} role="columnheader" className={`cell-${column}`} aria-sort={view.column === column ? (view.descending ? 'descending' : 'ascending') : 'none'}>
              <button type="button" onClick={() => onSort(column)}>
                {t(`operator.columns.${column}`)}
                <span aria-hidden="true">{view.column === column ? (view.descending ? ' ↓' : ' ↑') : ''}</span>
              </button>
            </div>
          ))}
        </div>
      </div>
      {/* The list scrolls by keyboard too, so it takes the focus. */}
      <div ref={box} className="table-body" role="rowgroup" tabIndex={0} aria-label={t('operator.table')}>
        <div className="table-canvas" role="presentation" style={{ height: rows.length * rowHeight }}>
          {rows.slice(first, last).map((row, index) => (
            <StreamRow key={row.id} row={row} index={first + index} rowHeight={rowHeight} nowMs={nowMs} moving={moving} />
          ))}
        </div>
      </div>
    </div>
  )
}

interface StreamRowProps {
  readonly row: LiveRow
  readonly index: number
  readonly rowHeight: number
  readonly nowMs: number
  readonly moving: boolean
}

function StreamRow({ row, index, rowHeight, nowMs, moving }: StreamRowProps): React.JSX.Element {
  const { t } = useTranslation()
  const locale = useLocale()
  const asset = { code: row.assetCode, scale: row.assetScale }
  return (
    <div className="table-row" role="row" aria-rowindex={index + 2} style={{ transform: `translateY(${index * rowHeight}px)` }}>
      <div role="cell" className="cell-payer" title={row.payer}>
        <Pointer pointer={row.payer} />
      </div>
      <div role="cell" className="cell-payee" title={row.payee}>
        <Flow moving={moving && row.state === 'open'} />
        <a className="table-link" href={`/streams/${row.id}`}>
          <Pointer pointer={row.payee} />
        </a>
      </div>
      <div role="cell" className="cell-site">
        {row.site === null ? <span className="quiet">{t('operator.noSite')}</span> : shortSite(row.site)}
      </div>
      <div role="cell" className="cell-rate">
        {formatMoney(perHour(row.rate), asset, locale, 4)}
      </div>
      <div role="cell" className="cell-total">
        {formatLiveMoney(row.total, asset, locale, 6)}
      </div>
      <div role="cell" className="cell-age">
        {formatAge(nowMs - row.openedAtMs, locale)}
      </div>
      <div role="cell" className="cell-state">
        <span className={`state state-${row.state}`}>{t(`operator.state.${row.state}`)}</span>
      </div>
    </div>
  )
}

function Pointer({ pointer }: { readonly pointer: string }): React.JSX.Element {
  const { name, host } = pointerParts(pointer)
  return (
    <>
      <span className="pointer-name">{name}</span> <span className="quiet">{host}</span>
    </>
  )
}

/** What part of the list can be seen. A row is 48 px high, 92 px where it takes three lines; look.css says the same. */
function useWindow(box: React.RefObject<HTMLDivElement | null>): { readonly top: number; readonly height: number; readonly rowHeight: number } {
  const [seen, setSeen] = useState({ top: 0, height: 600, rowHeight: 48 })
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const query = matchMedia(narrow)
    const measure = (): void => setSeen({ top: element.scrollTop, height: element.clientHeight, rowHeight: query.matches ? 92 : 48 })
    measure()
    const resized = new ResizeObserver(measure)
    resized.observe(element)
    element.addEventListener('scroll', measure, { passive: true })
    query.addEventListener('change', measure)
    return () => {
      resized.disconnect()
      element.removeEventListener('scroll', measure)
      query.removeEventListener('change', measure)
    }
  }, [box])
  return seen
}
