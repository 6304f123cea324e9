import type { Article } from './article.ts'

export const anIndexOfFerries: Article = {
  slug: 'an-index-of-ferries',
  byline: ['tomas'],
  tag: { kind: 'legacy', author: 'tomas' },
  minutes: 3,
  text: {
    en: {
      kicker: 'Archive',
      title: 'An index of ferries that no longer run',
      dek: 'From our older pages, with its older tag: a register of crossings that were paid for by the passenger, the sack and the goose.',
      paragraphs: [
        'Ash Landing, chain ferry, until 1931. One penny, bicycles a halfpenny more. The ferryman kept a bell on each bank and was said to know by the ring whether it was worth finishing his soup. Replaced by a bridge, which is twelve minutes slower when one counts the walk.',
        'Coldwater Narrows, rowed, until 1958. By the head; children in arms went free and so were carried in arms until a considerable age. The last tariff board lists a rate for geese, and under it, in another hand: “not again”.',
        'The Saint’s Boat, sail, until 1974. No fare. One was expected to leave something useful on the far side, and the far side is still remarkably well supplied with buckets. It ended not for want of passengers but for want of anyone who remembered who owned the boat.',
        'A ferry is the plainest bargain there is: you pay for as long as you are carried, and when you step off you owe nothing. No ferry ever asked for a year in advance. I have put them in order of how much I would give to hear the bell once more.',
      ],
    },
    fr: {
      kicker: 'Archives',
      title: 'Répertoire des bacs qui ne passent plus',
      dek: 'Tiré de nos anciennes pages, avec son ancienne balise : un registre de traversées payées au passager, au sac et à l’oie.',
      paragraphs: [
        'L’embarcadère des Frênes, bac à chaîne, jusqu’en 1931. Deux sous, un de plus pour les bicyclettes. Le passeur avait une cloche sur chaque rive et devinait, disait-on, au tintement s’il valait la peine de finir sa soupe. Remplacé par un pont, plus lent de douze minutes si l’on compte le détour.',
        'Le goulet de Froide-Eau, à la rame, jusqu’en 1958. Par tête ; les enfants portés ne payaient pas, et restaient donc portés jusqu’à un âge considérable. Le dernier tarif affiché donne un prix pour les oies et, dessous, d’une autre main : « plus jamais ».',
        'Le bateau du Saint, à voile, jusqu’en 1974. Gratuit. L’usage voulait qu’on laisse quelque chose d’utile sur l’autre rive, qui est encore aujourd’hui remarquablement pourvue en seaux. Il cessa non faute de passagers, mais faute de quelqu’un qui sût à qui était le bateau.',
        'Un bac est le marché le plus simple du monde : on paie tant qu’on est porté, et en descendant on ne doit plus rien. Aucun bac n’a jamais demandé une année d’avance. Je les ai rangés par ordre de ce que je donnerais pour entendre encore une fois la cloche.',
      ],
    },
  },
}
