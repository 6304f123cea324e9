/** What a printed statement says. */
export const statementWords = {
  en: {
    title: 'Statement', period: 'From {from} to {to}, days in UTC', made: 'Made on {day}', pointer: 'Payment pointer', opening: 'Balance before', closing: 'Balance after', day: 'Day', what: 'What', site: 'Site', amount: 'Amount',
    nothing: 'Nothing moved in this period.', page: 'Page {page} of {pages}', elsewhere: 'not known', total: 'All movements',
    kinds: { stream: 'Readers and payments', share: 'Share of unspent budgets', 'split-in': 'Shared by another pointer', 'split-out': 'Passed on', 'split-return': 'Passed on in vain', payout: 'Payout', 'payout-return': 'Payout returned', correction: 'Correction' },
  },
  fr: {
    title: 'Relevé', period: 'Du {from} au {to}, jours en UTC', made: 'Établi le {day}', pointer: 'Adresse de paiement', opening: 'Solde avant', closing: 'Solde après', day: 'Jour', what: 'Objet', site: 'Site', amount: 'Montant',
    nothing: 'Aucun mouvement sur cette période.', page: 'Page {page} sur {pages}', elsewhere: 'inconnu', total: 'Tous les mouvements',
    kinds: { stream: 'Lecteurs et paiements', share: 'Part des budgets non dépensés', 'split-in': 'Partagé par une autre adresse', 'split-out': 'Transmis', 'split-return': 'Transmis en vain', payout: 'Versement', 'payout-return': 'Versement retourné', correction: 'Correction' },
  },
} as const

export type StatementLanguage = keyof typeof statementWords
