import type { limitsEn } from './limits-en.ts'
import type { limitErrorsEn } from './limits-errors-en.ts'

export const limitsFr: typeof limitsEn = {
  limits: {
    title: 'Limites et sites',
    pace: 'Votre rythme de paiement',
    now: 'Actuellement {{amount}} par heure de lecture.',
    pacing: 'Votre budget',
    asPlan: 'Comme le prévoit la formule : {{pacing}}',
    short: { stream: 'un débit fixe', stretch: 'étalé sur la période' },
    stream: 'Un débit fixe jusqu’à épuisement',
    streamWhy: 'Ce que vous lisez ensuite reçoit une part de ce qui est partagé à la fin de la période.',
    stretch: 'Étalé sur la période',
    stretchWhy: 'Le débit suit vos habitudes de lecture pour que le budget dure jusqu’au bout.',
    rate: 'Débit, {{asset}} par heure',
    rateWhy: 'Vide : {{amount}}, comme le prévoit la formule. Entre {{least}} et {{most}}.',
    amountInvalid: 'Saisissez un montant supérieur à zéro, par exemple 0,50, ou laissez vide.',
    save: 'Enregistrer',
    saved: 'Enregistré.',
    cancel: 'Annuler',
    sites: 'Sites connectés',
    sitesWhy: 'Ce que chaque site connecté peut recevoir. Rien de ceci n’est communiqué au site.',
    sitesEmpty: 'Aucun site n’est encore connecté',
    sitesEmptyWhy: 'Appuyez sur le bouton Rivulet d’un site que vous aimez lire ; vous pourrez ensuite le limiter ici.',
    thisMonth: '{{amount}} ce mois-ci, {{time}} de lecture',
    isBlocked: 'Bloqué',
    isCapped: 'Au plus {{amount}} par mois',
    isRated: '{{amount}} par heure',
    isFree: 'Pas de limites propres',
    change: 'Modifier',
    changeSite: 'Modifier les limites de {{site}}',
    block: 'Bloquer',
    blockWhy: 'Il ne reçoit rien, ni part à la fin de la période.',
    cap: 'Au plus par mois, {{asset}}',
    capWhy: 'Vide : sans limite. Il s’agit de mois civils, en UTC.',
    siteRate: 'Débit pour ce site, {{asset}} par heure',
    siteRateWhy: 'Vide : votre débit habituel.',
  },
}

export const limitErrorsFr: typeof limitErrorsEn = {
  'rate-out-of-range': 'Ce débit est trop éloigné de celui de votre formule : choisissez entre un cinquantième et vingt fois celui-ci.',
}
