import type { Article } from './article.ts'

export const theCommonWell: Article = {
  slug: 'the-common-well',
  byline: ['mara'],
  tag: { kind: 'none' },
  minutes: 2,
  text: {
    en: {
      kicker: 'Editorial',
      title: 'The common well',
      dek: 'This page carries no tag. It costs nothing to read, and nothing is counted while you do.',
      paragraphs: [
        'In the square of the village where I grew up there is a well with a stone rim worn into a row of shallow grooves, one for each rope, each rope long gone. Nobody ever owned the water. What was owned, and quarrelled over, and mended each spring, was the rim.',
        'A magazine is a rim. The stories are made by people who must eat, and on most of our pages a reader’s wallet sends them a little for each second that she stays: no wall, no account with us, no list of what was read. It stops when she looks away. We think that is about as fair as an arrangement between strangers can be.',
        'But there should always be a page that asks for nothing, so that you can see the difference for yourself. This is it. The gauge beside these lines will stand still for as long as you care to watch. Drink, and leave the rim as you found it.',
      ],
    },
    fr: {
      kicker: 'Éditorial',
      title: 'Le puits commun',
      dek: 'Cette page ne porte aucune balise. La lire ne coûte rien, et rien n’est compté pendant ce temps.',
      paragraphs: [
        'Sur la place du village où j’ai grandi il y a un puits dont la margelle de pierre est creusée d’une rangée de sillons, un par corde, chaque corde disparue depuis longtemps. L’eau n’a jamais été à personne. Ce qui avait des propriétaires, des querelles et des réparations à chaque printemps, c’était la margelle.',
        'Une revue est une margelle. Les récits sont faits par des gens qui doivent manger et, sur la plupart de nos pages, le portefeuille de la lectrice leur envoie un peu pour chaque seconde où elle reste : pas de mur, pas de compte chez nous, aucune liste de ce qu’elle a lu. Cela s’arrête quand elle détourne les yeux. Nous croyons que c’est à peu près aussi juste que peut l’être un arrangement entre inconnus.',
        'Mais il faut toujours une page qui ne demande rien, pour que chacun puisse voir la différence. La voici. L’échelle à côté de ces lignes restera immobile aussi longtemps que vous voudrez la regarder. Buvez, et laissez la margelle comme vous l’avez trouvée.',
      ],
    },
  },
}
