/** Ce que c’est, pour qui vient la première fois. */
import type { aboutEn } from './about-en.ts'

export const aboutFr: typeof aboutEn = {
  about: {
    title: 'Lisez ce que vous voulez. Payez un peu, à la seconde, à qui l’a fait.',
    lead: 'Rivulet est un prestataire de Web Monetization. Les lecteurs paient un forfait ; pendant qu’ils lisent, leur portefeuille envoie chaque seconde un peu d’argent à l’éditeur de la page. Pas de publicité, pas de péage par site, pas de carte à chaque boutique.',
    link: 'Qu’est-ce que c’est ?',
    go: { wallet: 'Ouvrir votre portefeuille', publisher: 'Être payé pour vos pages', operator: 'Se connecter comme exploitant' },
    reader: {
      title: 'Pour les lecteurs',
      first: 'Une formule par mois avec un budget. Elle ne dépense jamais plus.',
      second: 'Vous autorisez chaque site une fois, et l’arrêtez, le limitez ou le bloquez à tout moment.',
      third: 'Un site apprend qu’il est payé, pas qui vous êtes.',
    },
    publisher: {
      title: 'Pour les éditeurs',
      first: 'Une ligne dans l’en-tête de vos pages ; elle marche avec chaque prestataire de Web Monetization.',
      second: 'Vous voyez l’argent arriver pendant qu’on lit, par site et par jour, et il est versé à votre banque ou à votre portefeuille.',
      third: 'Des webhooks signés, des reçus et des relevés prouvent ce qui a été payé.',
    },
    operator: {
      title: 'Pour ceux qui l’exploitent',
      first: 'Votre propre machine, une commande, une base de données.',
      second: 'Des livres en partie double, prouvables à tout moment, à la plus petite unité près.',
      third: 'Des standards ouverts : Interledger, Open Payments et Web Monetization.',
    },
    how: {
      title: 'Comment une seconde est payée',
      first: 'La page nomme son adresse de paiement, et le lecteur la regarde.',
      second: 'Son portefeuille met de côté de l’argent de son budget et envoie ce que vaut la seconde.',
      third: 'Le prestataire de l’éditeur ne répond que lorsque le crédit est sur disque.',
      fourth: 'La page apprend qu’elle a été payée, et les deux livres concordent.',
    },
  },
}
