/** Les clés publiques des clients d'une personne. */
import type { keysEn } from './keys-en.ts'
import type { keyErrorsEn } from './keys-errors-en.ts'

export const keysFr: typeof keysEn = {
  keys: {
    title: 'Clés',
    why: 'Une extension de navigateur ou une application signe ce qu’elle demande avec sa propre clé. Sa moitié publique a sa place ici, pour que chacun puisse vérifier la signature.',
    add: 'Ajouter une clé',
    order: 'Ajoutez d’abord la clé ici, puis appuyez sur « Connect » dans l’extension ou l’application. Dans l’autre ordre, il ne s’y passe rien, et elle ne dit pas pourquoi.',
    address: 'Pour l’adresse de portefeuille',
    key: 'Clé publique',
    keyWhy: 'Copiez le long texte que montre l’extension ou l’application, et collez-le tel quel.',
    name: 'Nom',
    nameWhy: 'Pour la reconnaître, par exemple « Navigateur à la maison ».',
    list: 'Vos clés',
    id: 'Identifiant de la clé',
    added: 'Ajoutée : {{kid}}. Vous pouvez maintenant connecter.',
    empty: 'Aucune clé pour l’instant',
    emptyWhy: 'Une clé que vous ajoutez figure ici, et vous pouvez la révoquer à tout moment.',
    revokeSure: 'Révoquer {{name}} ? Ce qui signe avec elle ne pourra plus rien demander.',
    revoked: '{{name}} a été révoquée.',
  },
}

export const keyErrorsFr: typeof keyErrorsEn = {
  'key-invalid': 'Ce n’est pas une clé publique telle que la montrent extensions et applications. Copiez le texte entier à nouveau ; ce doit être la clé publique, de type Ed25519.',
  'key-differs': 'Une autre clé est enregistrée sous cet identifiant. Révoquez-la d’abord, ou créez une nouvelle clé dans l’extension ou l’application.',
  'keys-too-many': 'Il y a trop de clés. Révoquez-en une qui ne sert plus.',
  'key-unknown': 'Cette clé avait déjà été révoquée.',
}
