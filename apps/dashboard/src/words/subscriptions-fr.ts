import type { subscriptionsEn } from './subscriptions-en.ts'
import type { subscriptionErrorsEn } from './subscriptions-errors-en.ts'

export const subscriptionsFr: typeof subscriptionsEn = {
  subscriptions: {
    perMonth: '{{amount}} par mois',
    perYear: '{{amount}} par an',
    title: 'Abonnements',
    search: 'Nom, e-mail, adresse ou identifiant',
    state: 'État',
    anyState: 'Tous les états',
    plan: 'Formule',
    anyPlan: 'Toutes les formules',
    empty: 'Aucun abonnement trouvé',
    emptyWhy: 'Cherchez moins précisément, ou dans un autre état.',
    states: { trial: 'À l’essai', active: 'Actif', grace: 'Délai de grâce', 'past-due': 'Impayé', paused: 'En pause', cancelled: 'Résilié', starting: 'Commence', ended: 'Terminé' },
    next: {
      renews: 'renouvelé le {{date}}', ends: 'prend fin le {{date}}', pauses: 'mis en pause le {{date}}', retry: 'débité à nouveau le {{date}}', charging: 'un débit est en cours', waits: 'attend la banque de l’abonné jusqu’au {{date}}', paused: 'attend d’être repris', ended: 'commencé le {{date}}',
    },
    attempts_one: '{{count}} tentative échouée',
    attempts_other: '{{count}} tentatives échouées',
    back: 'Tous les abonnements',
    person: 'Abonné',
    begun: 'Commencé le',
    periodEnds: 'Fin de la période',
    nextStep: 'Ensuite',
    failed: 'Tentatives échouées de cette période',
    id: 'Identifiant',
    open: 'Encore à faire',
    openWaits: 'attend son tour',
    timeline: 'Ce qui s’est passé',
    retry: 'Débiter maintenant',
    retryWhy: 'Le paiement refusé est demandé à nouveau avec la même carte. S’il échoue, la tentative suivante vient plus tard, et après la dernière l’abonnement prend fin.',
    cancel: 'Résilier',
    cancelWhy: 'Il prend fin le {{date}}. D’ici là rien ne change, et le reste du budget est partagé comme l’abonné l’a choisi.',
    cancelNowWhy: 'Ce qui n’est pas payé prend fin tout de suite, et le reste du budget est partagé comme l’abonné l’a choisi.',
    keep: 'Le garder',
    keepWhy: 'Il est à nouveau renouvelé à la fin de sa période.',
    entries: {
      begun: 'Commencé',
      charge: {
        asked: '{{amount}} demandés à {{provider}}', authentication: '{{amount}} attendent la banque de l’abonné ({{provider}})', succeeded: '{{amount}} payés par {{provider}}', failed: '{{amount}} refusés par {{provider}}', disputed: '{{amount}} repris par la banque de l’abonné', refunded: '{{amount}} payés et rendus',
      },
      refunded: '{{amount}} rendus',
      shared_one: '{{amount}} du budget partagés avec {{count}} bénéficiaire',
      shared_other: '{{amount}} du budget partagés avec {{count}} bénéficiaires',
      rolledOver: '{{amount}} reportés',
      invoice: 'Facture {{number}} de {{amount}}',
      'credit-note': 'Avoir {{number}} de {{amount}}',
      action: 'Un exploitant : {{action}} ({{result}})',
    },
  },
}

export const subscriptionErrorsFr: typeof subscriptionErrorsEn = {
  'subscription-unknown': 'Cet abonnement n’existe pas.',
}
