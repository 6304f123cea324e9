import type { referenceEn } from './reference-en.ts'

export const referenceFr: typeof referenceEn = {
  reference: {
    title: 'Référence de l’API',
    link: 'Référence de l’API',
    download: 'Télécharger au format OpenAPI 3.1',
    filter: 'Chercher une route',
    none: 'Aucune route ne correspond',
    noneWhy: 'Cherchez une partie de son chemin, par exemple « payouts ».',
    parameters: 'Paramètres',
    body: 'Corps, JSON',
    takes: 'Corps : {{type}}',
    answers: 'Réponses',
    optional: 'facultatif',
    either: 'Soit',
    or: 'soit',
    open: 'Pour tout le monde.',
    session: 'Pour qui est connecté ici.',
    sessionOrKey: 'Pour qui est connecté ici, ou une clé d’API avec le droit « {{scope}} ».',
    signed: 'Avec une signature ou un jeton, non avec une session.',
  },
}
