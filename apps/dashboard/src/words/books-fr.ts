import type { booksEn } from './books-en.ts'
import type { booksErrorsEn } from './books-errors-en.ts'

export const booksFr: typeof booksEn = {
  books: {
    title: 'Grand livre', search: 'Compte, ou identifiant', searchWhy: 'Une partie du nom, comme alice ou psp ; l’identifiant d’un compte, d’un virement ou d’un flux l’ouvre.', kind: 'Nature', anyKind: 'Toutes', accounts: 'Comptes',
    kinds: { subscriber: 'Abonné', publisher: 'Éditeur', link: 'Lien avec un pair', exchange: 'Change', psp: 'Prestataire de paiement', bank: 'Compte bancaire', fee: 'Frais ou coût', loss: 'Perte', dust: 'Restes d’arrondis' },
    none: 'Aucun compte ne porte ce nom', noneWhy: 'Cherchez une partie plus courte, ou choisissez toutes les natures.', held: '{{amount}} retenus', next: 'Page suivante', first: 'Première page',
    account: 'Compte', balance: 'Solde', accrued: 'En cours', accruedWhy: 'Passé par des flux ouverts, pas encore écrit', overdraft: 'Les débits peuvent dépasser les crédits', noOverdraft: 'Jamais sous zéro : la base le refuse',
    creditsPosted: 'Crédits écrits', debitsPosted: 'Débits écrits', creditsPending: 'Crédits en attente', debitsPending: 'Débits en attente',
    transfers: 'Écritures', noTransfers: 'Rien n’a été écrit sur ce compte', newest: 'Les plus récentes', older: 'Plus anciennes', to: 'vers', from: 'de',
    pastTitle: 'Solde à un instant', pastWhen: 'Juste avant (votre heure)', pastAsk: 'Afficher', pastWas: 'Juste avant le {{time}}, le solde écrit était de {{amount}}.',
    transfer: 'Écriture', debit: 'Débit', credit: 'Crédit', reason: 'Motif', posted: 'Écrite le', key: 'Clé d’idempotence', stream: 'Flux', sameEntry: 'Écrites avec elle',
    chain: 'Chaîne de hachage', chainWhy: 'L’empreinte de chaque écriture couvre son contenu et l’empreinte précédente : en changer une change toutes les suivantes. Votre navigateur la calcule à partir de ce qui est affiché ici.',
    chainPlace: 'Rang et chaîne', previousHash: 'Empreinte précédente', content: 'Contenu', hash: 'Son empreinte', missing: 'absente', recompute: 'Recalculer', right: 'L’empreinte est juste : rien n’a été changé.', wrong: 'L’empreinte est fausse : cette écriture, ou la précédente, a été changée ou retirée. Arrêtez les versements et lancez verify.',
  },
}
export const booksErrorsFr: typeof booksErrorsEn = {
  'not-found': 'Rien ne porte cet identifiant. Cherchez-le dans la liste.',
  'history-too-long': 'Trop d’écritures ont suivi pour le calculer ici. Choisissez un instant plus récent.',
  'account-unknown': 'Ce compte n’existe pas.',
  'query-invalid': 'Ceci n’est pas accepté tel quel. Vérifiez ce que vous avez écrit.',
}
