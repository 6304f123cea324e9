import type { indicatorsEn } from './indicators-en.ts'

export const indicatorsFr: typeof indicatorsEn = {
  indicators: {
    title: 'Indicateurs', why: 'D’après les livres et des comptes par jour qui ne nomment personne ; jours en UTC, aujourd’hui compris. Touchez ou pointez un nom pour sa définition.', computed: 'Calculé il y a {{age}}.', computing: 'Calcul en cours', computingWhy: 'Les premiers nombres arrivent en moins d’une minute.',
    period: 'Période', payoutsWhy: 'La moitié en {{p50}} ; {{settled}} arrivés, {{lost}} non', days: '{{days}} jours', none: 'aucun encore', grossWhy: 'Frais {{fees}}, pertes {{losses}}, aux éditeurs {{creators}}',
    names: {
      gross: 'Recettes', active: 'Lecteurs', paying: 'Payeurs', payments: 'Paiements', frequency: 'Fréquence', arpu: 'Recette par lecteur (ARPU)', arppu: 'Recette par payeur', basket: 'Panier moyen', costPerTransaction: 'Coût par paiement', unitMargin: 'Marge par paiement',
      adoption: 'Taux d’adoption', marginRate: 'Taux de marge', feeRatio: 'Taux de frais', allInRatio: 'Taux tout compris', chargebackRate: 'Contestations', fraudRate: 'Fraude', refundRate: 'Remboursements', lifetimeValue: 'Valeur à vie', batchingGain: 'Gain du regroupement', payoutsLost: 'Versements échoués', payoutLatency: 'Délai de versement (95 %)', churn: 'Départ des payeurs', dust: 'Poussière de partage',
    },
    definitions: {
      gross: 'Ce que les abonnés ont payé (budget et frais), moins remboursements et contestations, tel qu’écrit : les taxes ne sont pas déduites.', active: 'Abonnés différents dont une visite a été comptée.', paying: 'Abonnés différents dont au moins un paiement est arrivé.', payments: 'Flux dont le premier paiement a été écrit ; un flux compte une fois, quelle que soit sa durée.',
      frequency: 'Paiements ÷ payeurs.', arpu: 'Recettes ÷ lecteurs. C’est adoption × fréquence × panier.', arppu: 'Recettes ÷ payeurs.', basket: 'Recettes ÷ paiements.', costPerTransaction: '(Frais des prestataires et de la banque + pertes) ÷ paiements. Ce que vous payez pour machines et assistance n’est pas dans les livres, donc pas ici.',
      unitMargin: '(Recettes − frais − pertes − part des éditeurs) ÷ paiements.', adoption: 'Payeurs ÷ lecteurs.', marginRate: '(Recettes − frais − pertes − part des éditeurs) ÷ recettes.', feeRatio: 'Frais des prestataires et de la banque ÷ recettes. À surveiller dès 15 %, alarme dès 20 %.', allInRatio: '(Frais + pertes) ÷ recettes.',
      chargebackRate: 'Prélèvements contestés ÷ prélèvements réglés, demandés dans la période.', fraudRate: 'Montant des prélèvements contestés ÷ montant des réglés, demandés dans la période.', refundRate: 'Prélèvements remboursés ÷ prélèvements réglés, demandés dans la période.',
      batchingGain: '1 − frais ÷ ce qu’auraient été les frais si chaque paiement avait été débité seul sur une carte, selon le tarif de rivulet.json.', payoutsLost: 'Versements échoués ou revenus ÷ versements décidés dans la période.', payoutLatency: 'De la demande d’un versement à l’argent chez l’éditeur : 19 sur 20 de ceux réglés dans la période ont pris au plus ce temps.', churn: '1 − rétention : la part des payeurs d’un mois qui ne paient pas le mois suivant.', dust: 'Ce qu’un partage d’argent a laissé et que personne n’a reçu, dans la période. Ce doit être 0.',
      lifetimeValue: 'm × (1 + d) ÷ (1 + d − r) : m est la marge par payeur des 30 derniers jours, r la part des payeurs qui paient aussi le mois suivant, d = 1 % par mois.',
    },
    marks: { fine: 'Moins de 15 %', warning: 'Dès 15 % : à surveiller', alarm: 'Dès 20 % : trop' },
    journey: 'Du bouton au premier paquet', journeyWhy: 'Pages qui ont proposé le bouton ; fenêtres ouvertes, connexion, accord et paiement en 30 minutes. Compté au jour où le bouton a été pressé ; personne n’y est reconnaissable.', journeyNone: 'Personne n’a encore pressé le bouton.', journeyEnds: '{{abandoned}} des fenêtres ouvertes ont été abandonnées. La moitié des autres ont duré au plus {{p50}}, 19 sur 20 au plus {{p95}}.',
    steps: { shown: 'Bouton montré', popup: 'Fenêtre ouverte', 'signed-in': 'Connecté', consented: 'Accord donné', 'first-packet': 'Premier paquet' }, lost: '{{part}} perdus',
    cohorts: 'Qui reste', cohortsWhy: 'Payeurs par mois de premier paiement, et la part d’entre eux qui a payé chacun des mois suivants.', retentionNone: 'Il faut deux mois entiers pour une rétention.', retention: 'Des payeurs d’un mois, {{part}} paient aussi le suivant.', cohort: 'Premier paiement', size: 'Nombre', month: '+{{age}} m.',
    notKept: {
      title: 'Ce que Rivulet ne peut pas dire',
      names: { support: 'Charge du support', uplift: 'Gain face au gratuit', roi: 'Retour sur investissement', health: 'Part de la lecture qui est payée' },
      why: {
        support: 'Rivulet ne garde pas de tickets : divisez ceux de votre assistance par les paiements ci-dessus.',
        uplift: 'Il faut un groupe témoin à qui rien n’est proposé, et Rivulet n’y place personne.',
        roi: 'Il faut ce que vous avez investi et quelles autres recettes cela a remplacées ; rien de cela n’est dans les livres.',
        health: 'La lecture n’est vue que sur les sites connectés ; ce qui aurait pu être payé ailleurs n’est pas connu.',
      },
    },
  },
}
