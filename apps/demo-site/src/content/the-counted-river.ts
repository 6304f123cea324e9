import type { Article } from './article.ts'

export const theCountedRiver: Article = {
  slug: 'the-counted-river',
  byline: ['mara'],
  tag: { kind: 'links', authors: ['mara'] },
  minutes: 4,
  text: {
    en: {
      kicker: 'Measure',
      title: 'The counted river',
      dek: 'For sixty-one years someone has walked down to the same stone and written down how high the water stands.',
      paragraphs: [
        'The gauge is a strip of enamel bolted to a bridge pier, white with black figures, and it has not moved since 1964. The woman who reads it this year is the fifth to do so. She comes at seven in the morning, in every weather, leans over the parapet with a pair of opera glasses, and says the number aloud before she writes it, because her predecessor told her that a number spoken is a number checked.',
        'There is a sensor now, of course. It hangs under the arch in a grey box and speaks to a satellite every quarter of an hour. Twice it has drowned, once it was stolen, and for eleven days in February it reported that the river was four hundred metres deep. On those days the only record is in pencil. When the two disagree by more than a finger’s width the hydrologists in the city telephone, and it is always the box that is asked to explain itself.',
        'What does a daily number buy? On its own, nothing. But put twenty thousand of them end to end and the river begins to tell you things that no one saw: that the spring flood now comes nine days sooner, that the lowest water of August has dropped by a hand, that the great flood everyone remembers was in fact the third greatest, and that the two before it passed at night with nobody to be afraid of them.',
        'I asked her whether she ever skipped a day. She thought about it for a good while. “I was late once,” she said. “There was a wedding. I wrote the time beside it, so that they would know.” Below us the water went by at one metre and thirty-four, unremarkable, and now on the record for good.',
      ],
    },
    fr: {
      kicker: 'Mesure',
      title: 'La rivière comptée',
      dek: 'Depuis soixante et un ans, quelqu’un descend jusqu’à la même pierre et note la hauteur de l’eau.',
      paragraphs: [
        'L’échelle est une bande d’émail vissée à la pile du pont, blanche à chiffres noirs, et elle n’a pas bougé depuis 1964. La femme qui la lit cette année est la cinquième. Elle vient à sept heures du matin, par tous les temps, se penche au parapet avec des jumelles de théâtre et prononce le nombre à voix haute avant de l’écrire : celui qui l’a précédée lui a appris qu’un nombre dit est un nombre vérifié.',
        'Il y a un capteur, désormais. Il pend sous l’arche dans un boîtier gris et parle à un satellite tous les quarts d’heure. Il s’est noyé deux fois, on l’a volé une fois, et pendant onze jours de février il a soutenu que la rivière avait quatre cents mètres de fond. De ces jours-là, il ne reste que le crayon. Quand les deux diffèrent de plus d’un doigt, les hydrologues de la ville téléphonent, et c’est toujours au boîtier de s’expliquer.',
        'Que vaut un nombre par jour ? Seul, rien. Mais mettez-en vingt mille bout à bout et la rivière raconte ce que personne n’a vu : que la crue de printemps arrive neuf jours plus tôt, que l’étiage d’août a baissé d’une main, que la grande crue dont tout le monde se souvient n’était que la troisième, et que les deux premières sont passées de nuit, sans personne pour en avoir peur.',
        'Je lui ai demandé s’il lui arrivait de sauter un jour. Elle y a réfléchi longtemps. « Une fois, j’étais en retard, a-t-elle dit. Il y avait un mariage. J’ai noté l’heure à côté, pour qu’on sache. » Sous nos pieds l’eau passait à un mètre trente-quatre, sans rien de remarquable, et désormais inscrite pour toujours.',
      ],
    },
  },
}
