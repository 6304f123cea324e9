import type { Language } from '@rivulet/notify'

interface InvoiceWords {
  readonly invoice: string
  readonly creditNote: string
  readonly number: string
  readonly date: string
  readonly corrects: (name: string) => string
  readonly correctsPart: (name: string) => string
  /** An invoice in the place of a credit note. */
  readonly replaces: (name: string) => string
  readonly vatId: string
  readonly to: string
  readonly what: string
  readonly amount: string
  readonly plan: (name: string) => string
  readonly period: (from: string, to: string) => string
  readonly budget: string
  readonly fee: string
  readonly net: string
  readonly vat: (rate: string) => string
  readonly total: string
  readonly paid: (card: string, day: string) => string
  readonly returned: (card: string) => string
}

export const invoiceWords: Readonly<Record<Language, InvoiceWords>> = {
  en: {
    invoice: 'Invoice', creditNote: 'Credit note', number: 'Number', date: 'Date', corrects: (name) => `Takes back invoice ${name}`, correctsPart: (name) => `Takes back a part of invoice ${name}`, replaces: (name) => `Replaces credit note ${name}`, vatId: 'VAT number', to: 'To',
    what: 'What', amount: 'Amount', plan: (name) => `Plan ${name}`, period: (from, to) => `${from} to ${to}`, budget: 'of which your budget for what you read', fee: 'of which our fee',
    net: 'Without VAT', vat: (rate) => `VAT ${rate}`, total: 'Total', paid: (card, day) => `Paid with ${card} on ${day}.`, returned: (card) => `Returned to ${card}.`,
  },
  fr: {
    invoice: 'Facture', creditNote: 'Avoir', number: 'Numéro', date: 'Date', corrects: (name) => `Annule la facture ${name}`, correctsPart: (name) => `Rectifie en partie la facture ${name}`, replaces: (name) => `Remplace l’avoir ${name}`, vatId: 'Numéro de TVA', to: 'À',
    what: 'Désignation', amount: 'Montant', plan: (name) => `Formule ${name}`, period: (from, to) => `du ${from} au ${to}`, budget: 'dont votre budget pour ce que vous lisez', fee: 'dont nos frais',
    net: 'Hors TVA', vat: (rate) => `TVA ${rate}`, total: 'Total', paid: (card, day) => `Payé avec ${card} le ${day}.`, returned: (card) => `Remboursé sur ${card}.`,
  },
}
