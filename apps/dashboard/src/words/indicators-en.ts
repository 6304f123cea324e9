/** The operator's indicators: each with its definition. */
export const indicatorsEn = {
  indicators: {
    title: 'Indicators', why: 'From the books and from counts by day that name nobody; days are in UTC, today included. Touch or point at a name for its definition.', computed: 'Computed {{age}} ago.', computing: 'Being computed', computingWhy: 'The first numbers are there within a minute.',
    period: 'Period', payoutsWhy: 'Half within {{p50}}; {{settled}} arrived, {{lost}} did not', days: '{{days}} days', none: 'none yet', grossWhy: 'Fees {{fees}}, losses {{losses}}, to publishers {{creators}}',
    names: {
      gross: 'Revenue', active: 'Readers', paying: 'Payers', payments: 'Payments', frequency: 'Frequency', arpu: 'Revenue per reader (ARPU)', arppu: 'Revenue per payer', basket: 'Average basket', costPerTransaction: 'Cost per payment', unitMargin: 'Margin per payment',
      adoption: 'Adoption', marginRate: 'Margin rate', feeRatio: 'Fee ratio', allInRatio: 'All-in ratio', chargebackRate: 'Chargebacks', fraudRate: 'Fraud', refundRate: 'Refunds', lifetimeValue: 'Lifetime value', batchingGain: 'Batching gain', payoutsLost: 'Payouts that failed', payoutLatency: 'Payout latency (95 %)', churn: 'Payers’ churn', dust: 'Allocation dust',
    },
    definitions: {
      gross: 'What subscribers paid (budget and fee), less refunds and disputes, as booked: tax is not taken off.', active: 'Different subscribers of whom a visit was counted.', paying: 'Different subscribers of whom at least one payment arrived.', payments: 'Streams whose first payment was posted; a stream counts once, however long it lasts.',
      frequency: 'Payments ÷ payers.', arpu: 'Revenue ÷ readers. It is adoption × frequency × basket.', arppu: 'Revenue ÷ payers.', basket: 'Revenue ÷ payments.', costPerTransaction: '(Fees of providers and bank + losses) ÷ payments. What you pay for machines and support is not in the books, so not in here.',
      unitMargin: '(Revenue − fees − losses − what publishers got) ÷ payments.', adoption: 'Payers ÷ readers.', marginRate: '(Revenue − fees − losses − what publishers got) ÷ revenue.', feeRatio: 'Fees of providers and bank ÷ revenue. From 15 % on worth a look, from 20 % on an alarm.', allInRatio: '(Fees + losses) ÷ revenue.',
      chargebackRate: 'Charges that were disputed ÷ charges that were settled, both asked for in the period.', fraudRate: 'Amount of disputed charges ÷ amount of settled ones, both asked for in the period.', refundRate: 'Charges that were given back ÷ charges that were settled, both asked for in the period.',
      batchingGain: '1 − fees ÷ what the fees had been, had each payment been charged to a card alone, by the tariff of rivulet.json.', payoutsLost: 'Payouts that failed or came back ÷ payouts that were decided in the period.', payoutLatency: 'From the request of a payout to the money at the publisher’s: 19 of 20 that settled in the period took at most so long.', churn: '1 − retention: the part of a month’s payers who do not pay in the next one.', dust: 'What a division of money left over and nobody got, in the period. It must be 0.',
      lifetimeValue: 'm × (1 + d) ÷ (1 + d − r): m is the margin per payer of the last 30 days, r the part of payers who pay in the next month too, d = 1 % a month.',
    },
    marks: { fine: 'Below 15 %', warning: 'From 15 % on: worth a look', alarm: 'From 20 % on: too much' },
    journey: 'From the button to the first packet', journeyWhy: 'Pages that offered the button; popups opened, signed in, agreed, and paid within 30 minutes. Counted by the day on which the button was pressed; nobody can be told from it.', journeyNone: 'Nobody has pressed the button yet.', journeyEnds: '{{abandoned}} of the opened popups were abandoned. Half of the others took at most {{p50}}, 19 of 20 at most {{p95}}.',
    steps: { shown: 'Button shown', popup: 'Popup opened', 'signed-in': 'Signed in', consented: 'Agreed', 'first-packet': 'First packet' }, lost: '{{part}} lost',
    cohorts: 'Who stays', cohortsWhy: 'Payers by the month of their first payment, and the part of them who paid in each month after it.', retentionNone: 'Two whole months are needed for a retention.', retention: 'Of a month’s payers {{part}} pay in the next one too.', cohort: 'First payment', size: 'Payers', month: '+{{age}} mo',
    notKept: {
      title: 'What Rivulet cannot tell',
      names: { support: 'Support load', uplift: 'Uplift', roi: 'Return on investment', health: 'Part of reading that is paid' },
      why: {
        support: 'Rivulet keeps no support tickets: divide those of your help desk by the payments above.',
        uplift: 'It needs a control group that is not offered to pay, and Rivulet puts nobody into one.',
        roi: 'It needs what you invested and which other revenue this replaced; neither is in the books.',
        health: 'Reading is only seen on connected sites, so what could have been paid elsewhere is not known.',
      },
    },
  },
}
