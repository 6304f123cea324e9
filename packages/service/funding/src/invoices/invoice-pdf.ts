import { dayWords, isPrintable, type Language, localeOf, moneyWords, printFonts as fonts } from '@rivulet/notify'
import { vatOf } from '../plan.ts'
import { type Invoice, invoiceName } from './invoice.ts'
import { invoiceWords } from './invoice-words.ts'

const margin = 56
const grey = '#5b6763'
const black = '#16211d'

/** One page of A4. The same data gives the same document. */
export async function invoicePdf(invoice: Invoice, language: Language): Promise<Buffer> {
  const { kind, issuedMs, content } = invoice
  const { terms, buyer, plan, fromMs, toMs, asset, total, fee, vat, paidMs, card, corrects, part } = content
  const locale = localeOf(language, terms.english)
  const words = invoiceWords[language]
  const isNote = kind === 'credit-note'
  const money = (amount: bigint): string => (isNote ? `\u2212${moneyWords({ amount, asset }, locale)}` : moneyWords({ amount, asset }, locale))
  const day = (ms: number): string => dayWords(ms, locale)
  const title = isNote ? words.creditNote : words.invoice
  const name = invoiceName(invoice)
  // Loaded with the first invoice that somebody wants as a page.
  const { default: PdfDocument } = await import('pdfkit')
  const document = new PdfDocument({ size: 'A4', margin, lang: language, info: { Title: `${title} ${name}`, Author: terms.seller.name, CreationDate: new Date(issuedMs) } })
  const bytes = collected(document)
  const width = document.page.width - 2 * margin
  const line = (text: string, style: { readonly bold?: boolean; readonly size?: number; readonly color?: string; readonly align?: 'right' } = {}): void => {
    document.font(style.bold === true ? fonts.bold : fonts.text).fontSize(style.size ?? 10).fillColor(style.color ?? black).text(text, margin, document.y, { width, align: style.align ?? 'left', lineGap: 2 })
  }
  const pair = (left: string, right: string, style: { readonly bold?: boolean; readonly color?: string } = {}): void => {
    const top = document.y
    line(right, { ...style, align: 'right' })
    document.y = top
    line(left, style)
    document.moveDown(0.35)
  }
  const rule = (): void => {
    document.moveDown(0.4)
    document.moveTo(margin, document.y).lineTo(margin + width, document.y).lineWidth(0.5).strokeColor('#c9d2ce').stroke()
    document.moveDown(0.6)
  }

  line(terms.seller.name, { bold: true, size: 12 })
  for (const text of terms.seller.address) line(text, { color: grey })
  if (terms.seller.vatId !== undefined) line(`${words.vatId} ${terms.seller.vatId}`, { color: grey })
  document.moveDown(2.5)
  line(title, { bold: true, size: 22 })
  document.moveDown(0.5)
  pair(words.number, name)
  pair(words.date, day(issuedMs))
  if (corrects !== undefined) line((!isNote ? words.replaces : part === true ? words.correctsPart : words.corrects)(corrects))
  document.moveDown(1)
  line(words.to, { color: grey })
  // Who is not named by empty boxes is named by her e-mail.
  if (await isPrintable(buyer.name)) line(buyer.name)
  line(buyer.email)
  document.moveDown(2)
  pair(words.what, words.amount, { color: grey })
  rule()
  pair(words.plan(plan), money(total), { bold: true })
  line(words.period(day(fromMs), day(toMs)), { color: grey })
  document.moveDown(0.6)
  pair(`    ${words.budget}`, money(total - fee - vat), { color: grey })
  pair(`    ${words.fee}`, money(fee), { color: grey })
  rule()
  if (terms.vatBasisPoints > 0) {
    const contained = vat > 0n ? vat : vatOf({ total, asset, vatBasisPoints: terms.vatBasisPoints })
    pair(words.net, money(total - contained))
    pair(words.vat(new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 2 }).format(terms.vatBasisPoints / 10_000)), money(contained))
  }
  pair(words.total, money(total), { bold: true })
  document.moveDown(1.5)
  const cardWords = `${card.brand.slice(0, 1).toUpperCase()}${card.brand.slice(1)} \u2022\u2022\u2022\u2022 ${card.lastFour}`
  line(isNote ? words.returned(cardWords) : words.paid(cardWords, day(paidMs)), { color: grey })
  document.end()
  return bytes
}

function collected(document: NodeJS.ReadableStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    document.on('data', (chunk: Buffer) => chunks.push(chunk))
    document.on('end', () => resolve(Buffer.concat(chunks)))
    document.on('error', reject)
  })
}
