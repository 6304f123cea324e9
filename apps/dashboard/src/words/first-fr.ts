import type { firstEn } from './first-en.ts'

export const firstFr: typeof firstEn = {
  first: {
    title: 'Votre première minute',
    account: 'Votre portefeuille est créé',
    plan: 'Choisissez une formule',
    planWhy: 'Un forfait par mois, c’est votre budget. Vous pouvez y mettre fin quand vous voulez.',
    choose: 'Voir les formules',
    site: 'Connectez un site',
    siteWhy: 'Sur une page qui participe, appuyez sur le bouton Rivulet, souvent en bas, et autorisez le site. Une fois par site.',
    paid: 'Lisez',
    paidWhy: 'Un peu est payé chaque seconde pendant que vous regardez la page. Vous le voyez ici au fur et à mesure.',
    done: 'fait',
    install: 'Il n’y a rien à installer. Si vous préférez une extension Web Monetization, ajoutez sa clé sur la page « Clés ».',
  },
}
