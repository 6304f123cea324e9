import type { waysEn } from './ways-en.ts'

export const waysFr: typeof waysEn = {
  ways: {
    label: 'Rubriques', wallet: 'Portefeuille', activity: 'Activité', plan: 'Formule', limits: 'Limites et sites', tip: 'Pourboire', grants: 'Applications', keys: 'Clés', security: 'Sécurité', privacy: 'Vie privée', webhooks: 'Webhooks', income: 'Revenus', sites: 'Vos sites', pointers: 'Adresses et parts', statements: 'Relevés', payouts: 'Versements', live: 'Flux',
    revenue: 'Recettes', start: 'Pour commencer', apiKeys: 'Clés d’API',
    overview: 'Vue d’ensemble', ledger: 'Grand livre', peers: 'Pairs et liaisons',
    reconciliation: 'Rapprochement',
    indicators: 'Indicateurs', whatIf: 'Et si',
    people: 'Personnes', operators: 'Exploitants', subscriptions: 'Abonnements', queues: 'Webhooks et tâches', settings: 'Réglages', mailbox: 'Boîte aux lettres', safety: 'Arrêter et corriger', audit: 'Journal d’audit',
    reference: 'Référence de l’API',
    groups: { access: 'Accès', account: 'Compte', pages: 'Vos pages', servers: 'Serveurs et applications', insight: 'Pilotage', now: 'En direct', money: 'Argent', people: 'Personnes', control: 'Contrôle' },
  },
}
