import type { overviewEn } from './overview-en.ts'

export const overviewFr: typeof overviewEn = {
  overview: {
    title: 'Vue d’ensemble',
    light: { safe: 'L’argent est en sûreté', attention: 'Quelque chose vous attend', danger: 'Les comptes sont faux', unknown: 'Vérification en cours' },
    lightWhy: {
      safe: 'Les comptes sont équilibrés, les chaînes de hachage intactes, et l’argent de passage est passé à temps.',
      attention: 'Les comptes sont équilibrés, mais de l’argent n’est pas où il devrait être, des relevés diffèrent, ou personne n’a vérifié depuis longtemps.',
      danger: 'Arrêtez les versements, gardez une sauvegarde et lancez verify : il nomme la première ligne fausse.',
      unknown: 'Les premières vérifications depuis le démarrage du rôle d’exploitant sont en cours.',
    },
    checks: { books: 'Comptes', chains: 'Chaînes de hachage', clearing: 'Comptes de passage', reconciliation: 'Rapprochement' },
    states: { right: 'Juste', wrong: 'Faux', old: 'Trop ancien', unknown: 'Pas encore connu' },
    checking: 'Vérification en cours', checked: 'Vérifié il y a {{age}}', compared: 'Relevé le plus récent : {{age}}', neverCompared: 'Aucun relevé n’a été fourni',
    since: 'depuis le {{time}}',
    alerts: 'Vous attend', alertsNone: 'Rien ne vous attend.', look: 'Voir',
    alert: {
      'books-wrong': 'Les comptes sont faux : {{about}}', 'chains-wrong': 'Une chaîne de hachage est rompue : {{about}}', 'clearing-wrong': 'De l’argent est bloqué sur {{about}}', 'reconciliation-wrong': 'Relevés et comptes diffèrent : {{about}}',
      'check-old': 'La dernière vérification « {{about}} » date de plus d’une heure', 'wallet-silent': 'Aucun processus du portefeuille ne répond', 'receiver-silent': 'Aucun processus du récepteur ne répond', 'link-down': 'Le lien vers {{about}} est coupé', 'peer-away': 'Le pair {{about}} est injoignable',
      'payments-late': 'Les paiements sont en retard : un sur cent de {{about}} ou plus', 'commits-slow': 'La base est lente : une écriture prend {{about}}', 'streams-waiting': '{{about}} flux attendent leur tour : un lien n’accepte plus de paquets pour l’instant', 'rejects-many': 'Beaucoup de paquets sont refusés : {{about}}', 'doubts-many': '{{about}} flux sont en doute',
    },
    todo: {
      'books-wrong': 'Arrêtez les versements. Faites une sauvegarde, lancez « rivulet verify » et regardez d’abord la ligne qu’il nomme.',
      'chains-wrong': 'Quelqu’un ou quelque chose a changé la base derrière le grand livre. Arrêtez les versements, gardez la base telle quelle, comparez avec la dernière sauvegarde.',
      'clearing-wrong': 'Regardez le rapprochement : il nomme ce qui attend, quoi, et depuis quand.',
      'reconciliation-wrong': 'Regardez le rapprochement, et expliquez ou corrigez chaque ligne qui diffère.',
      'check-old': 'La vérification échoue ou dure très longtemps. Le journal de l’exploitant dit pourquoi.',
      'wallet-silent': 'Personne ne peut payer. Démarrez le processus du portefeuille ou lisez son journal : il n’atteint peut-être pas la base.',
      'receiver-silent': 'Personne ne peut être payé. Démarrez le processus du récepteur ou lisez son journal : il n’atteint peut-être pas la base.',
      'peer-away': 'L’argent est en sûreté : ce qui n’est pas envoyé reste chez son payeur, et ce qui attend se règle au retour du pair. Il est retenté de lui-même ; si cela dure, demandez à son exploitant.',
      'link-down': 'Il est retenté de lui-même. Vérifiez que l’autre côté tourne, et ce qui se trouve entre les deux.',
      'payments-late': 'Le processus du portefeuille est surchargé, ou le récepteur écrit lentement. Regardez les écritures ; démarrez un second processus.',
      'commits-slow': 'Regardez le disque et la charge de la base. Chaque paiement attend une écriture.',
      'streams-waiting': 'Il y a plus à payer que le lien, le récepteur ou la base n’en acceptent. Tous les flux ralentissent de la même façon, et paient plus tard jusqu’à cinq secondes de ce retard. Si cela dure, regardez les écritures et les processeurs ; démarrez un second portefeuille ou récepteur.',
      'rejects-many': 'Les codes ci-dessous disent pourquoi : R vient du récepteur, T passe, F reste.',
      'doubts-many': 'Des paquets sont sans réponse. Ils se règlent d’eux-mêmes ; s’ils restent, regardez les liens.',
    },
    inDoubt: '{{count}} en doute', lateness: 'Retard des paiements (p95)', latenessWhy: 'De leur seconde à leur Fulfill, dernière minute', commits: 'Écriture (p95)', commitsWhy: 'D’une ligne durable, dernière minute', percentiles: 'Médiane {{p50}}, p99 {{p99}}.', nothing: 'Aucun encore',
    links: 'Liens', linksNone: 'Portefeuille et récepteur tournent dans un même processus sans connexion entre eux, ou le portefeuille ne répond pas.', linkUp: 'Connecté', linkDown: 'Coupé',
  },
}
