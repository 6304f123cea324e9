import { type Asset, formatAmount } from '@rivulet/money'
import { dayWords, isPrintable, localeOf, printFonts } from '@rivulet/notify'
import type { Days } from '@rivulet/time'
import type { PointerStatement } from './statement.ts'
import { type StatementLanguage, statementWords } from './words.ts'

interface Print {
  /** The publisher's. */
  readonly name: string
  readonly statements: readonly PointerStatement[]
  readonly period: Days
  readonly language: StatementLanguage
  readonly nowMs: number
}

type Cell = string | { readonly text: string; readonly align?: { readonly x: 'left' | 'right'; readonly y: 'top' }; readonly font?: { readonly src: string } }

interface Table {
  row(cells: readonly Cell[]): unknown
  end(): unknown
}

const margin = 48
const cellPadding = 4
/** Of the cells that hold long words, points. */
const narrowestCell = 145
const ink = '#14231f'
const quiet = '#5a6b66'

/** A4, one table for each pointer, amounts exact. */
export async function statementPdf({ name, statements, period, language, nowMs }: Print): Promise<Buffer> {
  const words = statementWords[language]
  const day = (ms: number): string => dayWords(ms, localeOf(language))
  // Loaded with the first statement that somebody wants as a page.
  const { default: PDFDocument } = await import('pdfkit')
  const document = new PDFDocument({ size: 'A4', margin, bufferPages: true, lang: language, info: { Title: `${words.title} ${period.from} - ${period.to}`, Creator: 'Rivulet', CreationDate: new Date(nowMs) } })
  const chunks: Buffer[] = []
  document.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>((resolve) => document.once('end', resolve))
  document.font('Helvetica-Bold').fontSize(22).fillColor(ink).text(words.title)
  document.font('Helvetica').fontSize(10).fillColor(quiet).text(filled(words.period, { from: day(Date.parse(period.from)), to: day(Date.parse(period.to)) })).text(filled(words.made, { day: day(nowMs) }))
  await printWhose(document, name, statements[0]?.address.url ?? '')
  for (const statement of statements) printPointer(document, statement, language)
  const { count } = document.bufferedPageRange()
  for (let page = 0; page < count; page += 1) {
    document.switchToPage(page)
    // Below the margin: without this pdfkit would begin another page.
    document.page.margins.bottom = 0
    document.fontSize(8).fillColor(quiet).text(filled(words.page, { page: String(page + 1), pages: String(count) }), margin, document.page.height - 32, { align: 'right' })
  }
  document.end()
  await ended
  return Buffer.concat(chunks)
}

/** Her name, above her wallet addresses; who is named in a script that cannot be printed, by the first of these. */
async function printWhose(document: PDFKit.PDFDocument, name: string, url: string): Promise<void> {
  document.moveDown(1)
  const printable = await isPrintable(name)
  document.font(printable && !isLatin1(name) ? printFonts.bold : 'Helvetica-Bold').fontSize(12).fillColor(ink).text(printable ? name : url)
}

/** What the fonts have that every PDF reader has: no control characters, no other scripts. */
function isLatin1(text: string): boolean {
  return /^[\u0020-\u007e\u00a0-\u00ff]*$/.test(text)
}

function printPointer(document: PDFKit.PDFDocument, { address, opening, closing, lines }: PointerStatement, language: StatementLanguage): void {
  const words = statementWords[language]
  const { asset } = address
  const money = (amount: bigint): string => written(amount, asset, language)
  document.moveDown(1.5).font('Helvetica-Bold').fontSize(12).fillColor(ink).text(address.url, margin)
  document.moveDown(0.5).font('Helvetica').fontSize(9)
  const kinds: Readonly<Record<string, string>> = words.kinds
  const right = { x: 'right', y: 'top' } as const
  const left = { x: 'left', y: 'top' } as const
  const bold = { font: { src: 'Helvetica-Bold' } }
  const row = (day: string, what: string, site: string, amount: string) => [day, what, site, { text: amount, align: right }]
  const total = closing - opening
  const head = [words.day, words.what, words.site, words.amount].map((text, index) => ({ text, ...bold, align: index === 3 ? right : left }))
  printTable(document, head, [
    row('', words.opening, '', money(opening)),
    ...lines.map(({ day, kind, site, amount }) => row(day, kinds[kind] ?? kind, site?.replace(/^https:\/\//, '') ?? (kind === 'stream' ? words.elsewhere : ''), money(amount))),
    ...(lines.length === 0 ? [row('', words.nothing, '', '')] : [row('', words.total, '', money(total))]),
    [{ text: '' }, { text: words.closing, ...bold }, { text: '' }, { text: money(closing), align: right, ...bold }],
  ])
}

/** One table on each page, each with the head: a row that does not fit any more begins the next page. */
function printTable(document: PDFKit.PDFDocument, head: readonly Cell[], rows: readonly (readonly Cell[])[]): void {
  const begin = (): Table => {
    // The types of pdfkit call a cell a row.
    const table = document.table({
      columnStyles: [62, '*', '*', 130],
      rowStyles: (index) => ({ border: [0, 0, index === 0 ? 1 : 0.5, 0], borderColor: index === 0 ? ink : '#d5dedb', padding: [cellPadding, cellPadding, cellPadding, 0] }),
    }) as unknown as Table
    table.row(head)
    return table
  }
  let table = begin()
  for (const row of rows) {
    const height = Math.max(...row.map((cell) => document.heightOfString(typeof cell === 'string' ? cell : cell.text, { width: narrowestCell }))) + 2 * cellPadding
    if (document.y + height >= document.page.maxY()) {
      table.end()
      document.addPage()
      table = begin()
    }
    table.row(row)
  }
  table.end()
}

/** All decimals, since a statement is exact. */
function written(amount: bigint, asset: Asset, language: StatementLanguage): string {
  const text = formatAmount(amount, asset)
  return `${language === 'fr' ? text.replace('.', ',') : text} ${asset.code}`
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
}
