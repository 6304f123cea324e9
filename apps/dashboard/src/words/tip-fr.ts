/** Les paiements uniques d'une abonnée. */
import type { tipEn } from './tip-en.ts'
import type { tipErrorsEn } from './tip-errors-en.ts'

export const tipFr: typeof tipEn = {
  tip: {
    title: 'Donner un pourboire',
    give: 'Donner une fois',
    why: 'Sur votre budget, tout de suite, à toute personne qui a une adresse de paiement.',
    to: 'Adresse de paiement',
    toWhy: 'Par exemple $pay.example.org/nom, ou l’adresse qu’indique une page.',
    amount: 'Montant en {{currency}}',
    amountWrong: 'Écrivez un montant, par exemple 2,50.',
    submit: 'Donner',
    pending: 'Le paiement à {{to}} est en cours. Ce qu’il devient s’affiche ici.',
    completed: '{{delivered}} sont arrivés chez {{to}}. {{taken}} ont été pris sur votre budget.',
    completedAway: '{{taken}} ont été pris sur votre budget et payés à {{to}}, chez un autre prestataire.',
    fee: 'Dont {{fee}} de frais.',
    failed: 'Rien n’a été payé à {{to}}, et rien pris sur votre budget.',
    failedPart: 'Une partie seulement a été payée à {{to}} : {{taken}} ont été pris sur votre budget.',
    state: { pending: 'En cours', completed: 'Payé', failed: 'Non payé' },
    list: 'Vos pourboires',
    empty: 'Aucun pourboire pour l’instant',
    emptyWhy: 'Ce que vous donnez figure ici, avec ce qu’il en est advenu.',
  },
}

export const tipErrorsFr: typeof tipErrorsEn = {
  'tip-invalid': 'Un pourboire est d’au plus 100 dans votre monnaie. Vérifiez le montant.',
  'tip-receiver-invalid': 'Il n’y a personne à payer à cette adresse, ou elle ne peut pas être payée d’ici. Vérifiez l’orthographe. Rien n’a été pris.',
  'tip-amount-too-small': 'De si peu, rien n’arriverait. Donnez plus.',
  'tip-funds-insufficient': 'Votre budget ne suffit pas. Donnez moins ; rien n’a été pris.',
  'tip-limit-reached': 'C’est plus que ce qu’on peut donner en un jour. Donnez le reste demain ; rien n’a été pris.',
  'tip-unavailable': 'Le paiement n’a pas pu être garanti et n’a pas été fait. Réessayez dans un instant.',
  'tip-payments-stopped': 'L’exploitant a arrêté tous les paiements. Rien n’a été prélevé ; réessayez plus tard.',
  'key-reused': 'Cela a déjà été donné. Rechargez la page pour le voir.',
}
