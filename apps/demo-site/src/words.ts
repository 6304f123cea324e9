import type { Language } from './content/article.ts'

/** What the pages say around the articles. */
export interface Words {
  readonly tagline: string
  readonly issue: string
  readonly by: string
  readonly and: string
  readonly minutes: (minutes: number) => string
  readonly contents: string
  readonly inThisIssue: string
  readonly next: string
  readonly otherLanguage: string
  readonly skip: string
  readonly notFoundTitle: string
  readonly notFound: string
  readonly footer: string
  readonly footerTitle: string
  readonly locked: string
  readonly free: string
  readonly shared: string
  readonly legacy: string
  readonly unlocks: string
  /** The gauge. */
  readonly gauge: string
  readonly sent: string
  readonly received: string
  readonly payments: string
  readonly noScript: string
  readonly states: Readonly<Record<'starting' | 'idle' | 'unconnected' | 'connecting' | 'paying' | 'paused' | 'error', string>>
  /** Why a page is paused, by the wallet's codes. */
  readonly reasons: Readonly<Record<string, string>>
}

export const words: Readonly<Record<Language, Words>> = {
  en: {
    tagline: 'A small magazine of shores, rivers and patient things',
    issue: 'No. 7 · Low water',
    by: 'by',
    and: 'and',
    minutes: (minutes) => `${minutes} minutes`,
    contents: 'All stories',
    inThisIssue: 'In this issue',
    next: 'Read next',
    otherLanguage: 'Français',
    skip: 'Skip to the story',
    notFoundTitle: 'Under water',
    notFound: 'There is no page here, or the tide has not gone out far enough yet.',
    footer: 'Tideline has no paywall and no advertisements. Most pages carry a Web Monetization tag: while you read, and only then, a connected wallet sends the author a very small amount each second. The gauge moves when a payment has really been made, and at no other time.',
    footerTitle: 'How our writers are paid',
    locked: 'There is more in the drawer. It opens with the first payment.',
    free: 'Asks for nothing',
    shared: 'Shared by three',
    legacy: 'With the older tag',
    unlocks: 'With something in the drawer',
    gauge: 'Tide gauge',
    sent: 'sent',
    received: 'received by the author',
    payments: 'payments',
    noScript: 'The gauge needs JavaScript; the story does not.',
    states: {
      starting: 'Looking for your wallet …',
      idle: 'This page asks for nothing.',
      unconnected: 'Not connected. Free to read.',
      connecting: 'Connecting to your wallet …',
      paying: 'Paying while you read.',
      paused: 'Paused.',
      error: 'The author cannot be paid just now.',
    },
    reasons: {
      hidden: 'Paused: you are looking elsewhere.',
      'other-page': 'Paused: your wallet is paying another page.',
      'budget-spent': 'Paused: this month’s budget is spent.',
      'receiver-unreachable': 'Paused: the author’s wallet does not answer.',
      'wallet-unreachable': 'Your wallet does not answer.',
      'wallet-paused': 'Paused in your wallet.',
      'person-frozen': 'Your wallet is frozen by its operator.',
      'streams-stopped': 'Your wallet’s operator has stopped all payments for now.',
    },
  },
  fr: {
    tagline: 'Petite revue des rivages, des rivières et des choses patientes',
    issue: 'N° 7 · Basse mer',
    by: 'par',
    and: 'et',
    minutes: (minutes) => `${minutes} minutes`,
    contents: 'Tous les récits',
    inThisIssue: 'Dans ce numéro',
    next: 'À lire ensuite',
    otherLanguage: 'English',
    skip: 'Aller au récit',
    notFoundTitle: 'Sous l’eau',
    notFound: 'Il n’y a pas de page ici, ou bien la mer ne s’est pas encore assez retirée.',
    footer: 'Tideline n’a ni péage ni publicité. La plupart des pages portent une balise Web Monetization : pendant que vous lisez, et seulement alors, un portefeuille connecté envoie à l’auteur une très petite somme chaque seconde. L’échelle bouge quand un paiement a vraiment eu lieu, et jamais autrement.',
    footerTitle: 'Comment nos auteurs sont payés',
    locked: 'Il reste quelque chose dans le tiroir. Il s’ouvre au premier paiement.',
    free: 'Ne demande rien',
    shared: 'Partagé à trois',
    legacy: 'Avec l’ancienne balise',
    unlocks: 'Avec quelque chose dans le tiroir',
    gauge: 'Échelle de marée',
    sent: 'envoyé',
    received: 'reçu par l’auteur',
    payments: 'paiements',
    noScript: 'L’échelle a besoin de JavaScript ; le récit, non.',
    states: {
      starting: 'Recherche de votre portefeuille…',
      idle: 'Cette page ne demande rien.',
      unconnected: 'Non connecté. Lecture libre.',
      connecting: 'Connexion à votre portefeuille…',
      paying: 'Vous payez en lisant.',
      paused: 'En pause.',
      error: 'L’auteur ne peut être payé pour l’instant.',
    },
    reasons: {
      hidden: 'En pause : vous regardez ailleurs.',
      'other-page': 'En pause : votre portefeuille paie une autre page.',
      'budget-spent': 'En pause : le budget du mois est dépensé.',
      'receiver-unreachable': 'En pause : le portefeuille de l’auteur ne répond pas.',
      'wallet-unreachable': 'Votre portefeuille ne répond pas.',
      'wallet-paused': 'En pause dans votre portefeuille.',
      'person-frozen': 'Votre portefeuille est gelé par son exploitant.',
      'streams-stopped': 'L’exploitant de votre portefeuille a suspendu tous les paiements pour le moment.',
    },
  },
}
