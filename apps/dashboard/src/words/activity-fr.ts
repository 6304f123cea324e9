import type { activityEn } from './activity-en.ts'
import type { activityErrorsEn } from './activity-errors-en.ts'

export const activityFr: typeof activityEn = {
  activity: {
    title: 'Activité',
    period: 'Période',
    periods: { month: 'Ce mois', before: 'Mois dernier', week: '7 jours', custom: 'Autre' },
    from: 'Premier jour',
    to: 'Dernier jour',
    csv: 'Télécharger en CSV',
    spent: 'Dépensé',
    kind: { reading: 'En lisant', share: 'Partagé en fin de période', payment: 'Pourboires et paiements', fee: 'Frais', returned: 'Remboursé', other: 'Rectifications' },
    part: { reading: 'En lisant', share: 'Partagé', other: 'Pourboires et autres' },
    returned: '{{amount}} de plus ont quitté votre budget parce qu’un paiement a été remboursé sur votre carte.',
    cameBack: '{{amount}} sont revenus dans votre budget : l’adresse avec laquelle ils avaient été partagés ne les accepte pas.',
    byPayee: 'Qui l’a reçu',
    bySite: 'Par site',
    byDay: 'Jour par jour',
    byDayCaption: 'Ce que vous avez dépensé chaque jour ; les jours sont comptés en UTC',
    day: 'Jour',
    time: 'Lecture',
    read: '{{time}} de lecture',
    operator: 'Ce portefeuille',
    noSites: 'Aucune page n’a été payée pendant ces jours.',
    empty: 'Rien n’a été dépensé pendant ces jours',
    emptyWhy: 'Ce que vous lisez sur les sites connectés, partagez et donnez figure ici, site par site et jour par jour. Les pages lues ne sont pas conservées.',
  },
}

export const activityErrorsFr: typeof activityErrorsEn = {
  'period-invalid': 'Choisissez de 1 à 400 jours, le premier avant le dernier.',
  'activity-too-long': 'Autant de jours contiennent trop à afficher. Choisissez-en moins.',
}
