import type { settingsEn } from './settings-en.ts'

export const settingsFr: typeof settingsEn = {
  settings: {
    title: 'Réglages',
    live: 'Ce qui change pendant que Rivulet tourne',
    liveWhy: 'Chacun a sa page, et chaque changement est inscrit au journal d’audit.',
    liveOf: {
      peers: 'Les pairs, leurs limites, leur cadence et leur seuil de règlement',
      safety: 'Arrêter et reprendre tout ce qui paie, corriger les livres',
      people: 'Geler des personnes, rendre des paiements',
      subscriptions: 'Résilier, garder et débiter à nouveau',
      queues: 'Mettre des webhooks en pause, lancer des tâches',
    },
    readOnly: 'Lecture seule',
    readOnlyWhy: 'Ce qui suit vient de fichiers, de l’environnement et de la ligne de commande, tels que ce processus les a lus le {{time}}. Modifiez-les là, sur chaque machine, et relancez Rivulet.',
    none: 'Rien n’est réglé',
    changeAt: 'à modifier dans',
    yes: 'Oui',
    no: 'Non',
    set: 'Défini',
    notSet: 'Non défini',
    sources: { file: 'De rivulet.json', environment: 'De l’environnement', 'command-line': 'De la ligne de commande', secrets: 'De secrets.json', 'built-in': 'D’origine' },
    groups: { installation: 'L’installation', money: 'Argent', plans: 'Formules', payouts: 'Versements', invoices: 'Factures', others: 'Courriel et cartes', process: 'Processus' },
    names: {
      sandbox: 'Bac à sable', asset: 'Devise et échelle', ilpAddress: 'Adresse ILP', 'url-wallet': 'Adresse du portefeuille', 'url-receiver': 'Adresse de l’entrée des éditeurs', 'url-operator': 'Adresse de l’entrée des exploitants', hostPath: 'Éditeur du pointeur nu',
      ratePerSecond: 'Débit habituel, par heure', paymentFeeFixed: 'Frais d’un paiement sortant, fixes', paymentFeePart: 'Frais d’un paiement sortant, part', exchange: 'Taux de change', slippage: 'Part d’un taux qui peut se perdre', feeMarkWarning: 'Taux de frais qui avertit', feeMarkAlarm: 'Taux de frais qui alarme', tariff: 'Tarif d’un prestataire ou d’une voie',
      planPrice: 'prix', planFee: 'frais', planRate: 'débit, par heure', planTrial: 'essai',
      payoutRails: 'Voies proposées', payoutMinimum: 'Plus petit versement', approvalAbove: 'En 24 heures, un exploitant approuve au-delà de', fourEyesAbove: 'En 24 heures, deux exploitants approuvent au-delà de', patience: 'On renonce à une adresse d’ailleurs après des échecs pendant', invitedDays: 'Une seule paire d’yeux après une invitation pendant', payoutFeeFixed: 'frais fixes', payoutFeePart: 'frais, part', bank: 'Compte bancaire', stripePayouts: 'Versements par Stripe',
      seller: 'Vendeur', vatId: 'Numéro de TVA', invoicePrefix: 'Préfixe des numéros', vat: 'TVA comprise dans les prix',
      smtp: 'Serveur de courriel', mailFrom: 'Expéditeur des courriels', stripeKey: 'Clé secrète de Stripe', stripeWebhook: 'Secret de signature du webhook de Stripe', stripePayoutWebhook: 'Secrets de signature des webhooks de versement de Stripe',
      database: 'Votre propre base de données', data: 'Dossier des données', listen: 'Écoute sur', ports: 'Ports du portefeuille, du récepteur et de l’exploitant', tls: 'TLS par Rivulet lui-même', link: 'Liaison entre portefeuille et récepteur', proxyHops: 'Vos serveurs mandataires en amont', lease: 'Bail des flux d’un portefeuille', log: 'Niveau du journal',
    },
  },
}
