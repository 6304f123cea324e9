import type { whatIfEn } from './what-if-en.ts'

export const whatIfFr: typeof whatIfEn = {
  whatIf: {
    title: 'Et si', why: 'Changez un nombre et voyez ce que devient le résultat. Tous les montants dans une même monnaie, hors taxes ; rien n’est conservé.', notANumber: 'Écrivez un nombre comme 0,25 ; les pourcentages de 0 à 100.', impossible: 'impossible à atteindre',
    fields: { price: 'Prix', cost: 'Autre coût d’une vente', creatorShare: 'Part des éditeurs', targetMargin: 'Marge voulue', feeRate: 'Frais de paiement, part', feeFixed: 'Frais de paiement, fixe', purchasesPerCharge: 'Achats par prélèvement', fixedCost: 'Coût fixe de la période', visits: 'Visites de la période', conversion: 'Visites payantes', investment: 'Investi une fois', cannibalised: 'Perdu par d’autres produits' },
    profit: 'Bénéfice', profitWhy: 'De la période : visites × part payante × marge, moins le coût fixe', margin: 'Marge d’une vente', targetMet: '{{rate}} du prix : comme voulu', targetMissed: '{{rate}} du prix : moins que voulu',
    breakEven: 'Seuil de rentabilité', breakEvenWhy: 'Ventes qui paient le coût fixe ; {{target}} pour la marge voulue', feeRatio: 'Taux de frais',
    marks: { fine: 'Moins de 15 %', warning: 'À partir de 15 %, à surveiller ; {{warning}} achats par prélèvement restent en dessous', alarm: 'À partir de 20 %, trop ; {{alarm}} achats par prélèvement restent en dessous, {{warning}} sous 15 %' },
    price: 'Prix minimal', priceWhy: 'Qui laisse la marge voulue ; {{markUp}} s’il s’agit d’une majoration des coûts', cost: 'Coût maximal', costWhy: 'De chaque vente, hors frais, qui laisse la marge voulue',
    roi: 'Retour sur investissement', paidBack: 'Par période : bénéfice, moins ce que d’autres produits perdent, ÷ montant investi ; remboursé après {{periods}} périodes', neverPaidBack: 'Par période : bénéfice, moins ce que d’autres produits perdent, ÷ montant investi ; jamais remboursé',
    curve: 'Courbe de rentabilité', tornado: 'Ce qui pèse le plus sur le bénéfice', volume: 'Ventes', revenue: 'Recettes', costs: 'Tous les coûts', input: 'Donnée', lower: 'Bénéfice avec un cinquième de moins', higher: 'Bénéfice avec un cinquième de plus',
  },
}
