/** The operator's calculator. */
export const whatIfEn = {
  whatIf: {
    title: 'What if', why: 'Change a number and see what becomes of the result. All amounts in one currency, without tax; nothing is kept.', notANumber: 'Write a number such as 0.25; per cent from 0 to 100.', impossible: 'impossible',
    fields: { price: 'Price', cost: 'Other cost of each sale', creatorShare: 'Publishers’ share', targetMargin: 'Margin wanted', feeRate: 'Payment fee, part', feeFixed: 'Payment fee, fixed', purchasesPerCharge: 'Purchases per charge', fixedCost: 'Fixed cost of the period', visits: 'Visits of the period', conversion: 'Visits that pay', investment: 'Put in once', cannibalised: 'Lost by other products' },
    profit: 'Profit', profitWhy: 'Of the period: visits × part that pays × margin, less the fixed cost', margin: 'Margin of a sale', targetMet: '{{rate}} of the price: as wanted', targetMissed: '{{rate}} of the price: less than wanted',
    breakEven: 'Break-even', breakEvenWhy: 'Sales that pay the fixed cost; {{target}} for the margin wanted', feeRatio: 'Fee ratio',
    marks: { fine: 'Below 15 %', warning: 'From 15 % on worth a look; {{warning}} purchases per charge stay below', alarm: 'From 20 % on too much; {{alarm}} purchases per charge stay below, {{warning}} below 15 %' },
    price: 'Least price', priceWhy: 'That leaves the margin wanted; {{markUp}} if it is meant as a mark-up on the costs', cost: 'Highest cost', costWhy: 'Of each sale, beside the fee, that leaves the margin wanted',
    roi: 'Return on investment', paidBack: 'A period: profit, less what other products lose, ÷ what was put in; paid back after {{periods}} periods', neverPaidBack: 'A period: profit, less what other products lose, ÷ what was put in; never paid back',
    curve: 'Break-even curve', tornado: 'What moves the profit most', volume: 'Sales', revenue: 'Revenue', costs: 'All costs', input: 'Input', lower: 'Profit if a fifth lower', higher: 'Profit if a fifth higher',
  },
}
