import type { operatorsEn } from './operators-en.ts'
import type { operatorsErrorsEn } from './operators-errors-en.ts'

export const operatorsFr: typeof operatorsEn = {
  operators: {
    title: 'Exploitants',
    why: 'Qui peut modifier quelque chose peut en inviter d’autres et changer leur rôle ; personne ne change le sien. Tout figure au journal d’audit.',
    you: 'vous',
    since: 'depuis le {{date}}',
    invited: 'invité le {{date}}, jamais connecté',
    closed: 'Exclu le {{date}} : {{reason}}',
    bound: 'Jusqu’au {{date}} une seule paire d’yeux avec {{name}}, qui l’a invité : aucun des deux n’approuve ce que l’autre a demandé.',
    changes: 'Voit et modifie',
    reads: 'Regarde seulement',
    out: 'Exclu',
    again: 'Renvoyer le lien',
    restrict: 'Laisser seulement regarder',
    restrictWhy: 'Voit tout comme avant et ne modifie plus rien, dès la prochaine requête.',
    entrust: 'Laisser modifier',
    entrustWhy: 'Pourra tout ce que vous pouvez : geler des personnes, approuver versements et rectifications, arrêter tous les flux, inviter des exploitants.',
    close: 'Exclure',
    closeWhy: 'Est déconnecté partout aussitôt et n’entre plus. Ce qui a été fait reste au journal d’audit sous son nom.',
    reopen: 'Laisser revenir',
    reopenWhy: 'Se reconnecte avec l’ancien mot de passe, dans le rôle d’avant.',
    invite: 'Inviter un exploitant',
    name: 'Nom',
    nameNeeded: 'Écrivez le nom que les autres voient au journal d’audit.',
    readsOnly: 'Regarde seulement',
    readsOnlyWhy: 'Voit tout, ne modifie rien ; vous pourrez changer cela plus tard.',
    mailed: 'Un message avec un lien est en route vers {{email}}. Il est valable sept jours.',
    handOver: 'Aucun message ne part d’ici. Remettez ce mot de passe à {{name}} ; il n’est plus affiché ensuite :',
  },
  readOnly: { note: 'Votre rôle ne fait que regarder : ce qui modifie quelque chose ne vous est pas montré. Un autre exploitant peut changer votre rôle.' },
}

export const operatorsErrorsFr: typeof operatorsErrorsEn = {
  'read-only': 'Votre rôle ne fait que regarder. Demandez-le à un autre exploitant, ou demandez-lui de changer votre rôle.',
  'email-taken': 'Il y a déjà un exploitant avec cet e-mail.',
  'operator-unknown': 'Cet exploitant n’existe pas.',
  'operator-self': 'Un autre exploitant doit le faire : personne ne change son propre rôle.',
  'operator-changed': 'C’est déjà le cas, ou quelqu’un l’a changé entre-temps. Regardez la liste de nouveau.',
  'operators-too-many': 'Il y a autant d’exploitants qu’il peut y en avoir.',
}
