import type { Article } from './article.ts'

export const theLampRoom: Article = {
  slug: 'the-lamp-room',
  byline: ['ines'],
  tag: { kind: 'links', authors: ['ines'] },
  minutes: 4,
  text: {
    en: {
      kicker: 'Portrait',
      title: 'The lamp room',
      dek: 'One hundred and ninety-three steps up, a keeper without a lighthouse looks after a light without a keeper.',
      paragraphs: [
        'They automated the light in 1989 and forgot to tell the stairs, which still wind up inside the tower as if somebody would come. Somebody does. Every Thursday Odile Kerbrat climbs them with a chamois leather and a flask, and cleans a lens that belongs to the state, unasked, unpaid and, strictly speaking, trespassing.',
        'The lens is a first-order Fresnel, taller than she is, a beehive of green-edged glass that weighs as much as a small car and turns at the push of one finger, because it floats on mercury. “They made it,” she says, “so that a thing this heavy could be moved by almost nothing. I find that a great comfort.”',
        'From the gallery you see what the light sees: eleven reefs, two islands, and the slow traffic of people who have never once thought about it. That is the measure of a good light, she says. Nobody thanks it. They simply arrive.',
      ],
      exclusive: {
        title: 'What she keeps in the drawer',
        paragraphs: [
          'Under the clockwork there is a drawer that the inventory calls empty. In it is a school notebook with a line for each Thursday since she began: wind, glass, and one thing seen. “14 March. North-west, dirty. A man on the reef road, waving at nobody, or at me.” “2 June. Calm, clear. Porpoises, going home.” “9 November. Fog. Did the lens anyway.”',
          'She let me copy out a single entry, the shortest of the two thousand, and would not say what it was about. It reads: “It worked.”',
        ],
      },
    },
    fr: {
      kicker: 'Portrait',
      title: 'La chambre de veille',
      dek: 'Cent quatre-vingt-treize marches plus haut, une gardienne sans phare veille sur un feu sans gardien.',
      paragraphs: [
        'On a automatisé le feu en 1989 en oubliant de prévenir l’escalier, qui monte toujours en colimaçon dans la tour comme si quelqu’un allait venir. Quelqu’un vient. Chaque jeudi Odile Kerbrat le gravit avec une peau de chamois et un thermos, et nettoie une optique qui appartient à l’État, sans qu’on le lui demande, sans salaire et, à la lettre, en infraction.',
        'L’optique est une lentille de Fresnel du premier ordre, plus haute qu’elle, une ruche de verre aux tranches vertes qui pèse autant qu’une petite voiture et tourne sous la poussée d’un doigt, parce qu’elle flotte sur du mercure. « On l’a faite ainsi, dit-elle, pour qu’une chose aussi lourde puisse être mue par presque rien. Je trouve cela très consolant. »',
        'De la galerie on voit ce que voit le feu : onze récifs, deux îles, et le lent passage de gens qui n’ont jamais pensé à lui. C’est à cela qu’on reconnaît un bon feu, dit-elle. Personne ne le remercie. On arrive, voilà tout.',
      ],
      exclusive: {
        title: 'Ce qu’elle garde dans le tiroir',
        paragraphs: [
          'Sous le mécanisme il y a un tiroir que l’inventaire dit vide. Il contient un cahier d’écolier, une ligne pour chaque jeudi depuis le début : le vent, le baromètre, et une chose vue. « 14 mars. Noroît, sale temps. Un homme sur la chaussée des récifs, qui faisait signe à personne, ou à moi. » « 2 juin. Calme, clair. Des marsouins, qui rentraient. » « 9 novembre. Brume. Fait la lentille quand même. »',
          'Elle m’a laissée recopier une seule ligne, la plus courte des deux mille, sans vouloir dire de quoi il s’agissait. On y lit : « Ça a marché. »',
        ],
      },
    },
  },
}
