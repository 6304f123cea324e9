import type { Article } from './article.ts'

export const threeVoices: Article = {
  slug: 'three-voices-of-the-marsh',
  byline: ['mara', 'tomas', 'ines'],
  tag: { kind: 'links', authors: ['mara', 'tomas', 'ines'] },
  minutes: 5,
  text: {
    en: {
      kicker: 'Together',
      title: 'Three voices of the marsh',
      dek: 'A walker, a salt-maker and a listener cross the same mile of mud. They share this page, and what it earns.',
      paragraphs: [
        'Mara: You do not walk across a salt marsh, you negotiate with it. The map shows a path; the path shows a creek; the creek has moved since the map. After an hour I had learnt to read the plants instead. Where the sea lavender grows you may step. Where the cord-grass grows you may step quickly. Where nothing grows at all, somebody has already tried.',
        'Tomas: My grandfather made salt here, and I make it again, in the same nine pans that the tide forgot to take back. The work is mostly waiting. You let in a hand of water at the spring tide, close the gate with clay, and leave the rest to June. The good crystals come in the last afternoon, all at once, like guests. You have until evening to rake them, or the dew will have them back.',
        'Inès: I came to record silence and there was none. At low water the mud itself clicks and sighs, a million small doors being closed. Then, before you can see anything, there is a change in the low notes, as when someone enters a room behind you. That is the tide, still two kilometres out. The curlews hear it too. They stop complaining and begin to leave, politely, in order of the length of their legs.',
        'We wrote this together because we could not agree whose place it was. The water settled that at ten past six by covering all of it.',
      ],
    },
    fr: {
      kicker: 'Ensemble',
      title: 'Trois voix du marais',
      dek: 'Une marcheuse, un saunier et une preneuse de son traversent le même kilomètre de vase. Ils partagent cette page, et ce qu’elle rapporte.',
      paragraphs: [
        'Mara : On ne traverse pas un pré salé, on négocie avec lui. La carte montre un sentier ; le sentier montre un chenal ; le chenal a bougé depuis la carte. Au bout d’une heure j’avais appris à lire plutôt les plantes. Où pousse le lilas de mer, on peut poser le pied. Où pousse la spartine, on peut le poser vite. Où rien ne pousse, quelqu’un a déjà essayé.',
        'Tomas : Mon grand-père faisait du sel ici, et j’en fais de nouveau, dans les neuf mêmes œillets que la marée a oublié de reprendre. Le travail consiste surtout à attendre. On laisse entrer une main d’eau aux vives-eaux, on ferme la vanne avec de l’argile, et juin fait le reste. Les beaux cristaux viennent le dernier après-midi, tous à la fois, comme des invités. On a jusqu’au soir pour les cueillir, ou la rosée les reprend.',
        'Inès : J’étais venue enregistrer le silence et il n’y en avait pas. À marée basse la vase elle-même cliquette et soupire, un million de petites portes que l’on ferme. Puis, avant qu’on puisse rien voir, quelque chose change dans les graves, comme lorsque quelqu’un entre dans une pièce derrière vous. C’est la mer, encore à deux kilomètres. Les courlis l’entendent aussi. Ils cessent de se plaindre et s’en vont, poliment, dans l’ordre de la longueur de leurs pattes.',
        'Nous avons écrit ceci ensemble, faute de nous accorder sur celui à qui l’endroit appartenait. L’eau a tranché à six heures dix en le recouvrant tout entier.',
      ],
    },
  },
}
