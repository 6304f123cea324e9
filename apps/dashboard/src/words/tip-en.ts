/** One-time payments of a subscriber. */
export const tipEn = {
  tip: {
    title: 'Give a tip',
    give: 'Give once',
    why: 'Out of your budget, at once, to anybody with a payment pointer.',
    to: 'Payment pointer',
    toWhy: 'For example $pay.example.org/name, or the address that a page names.',
    amount: 'Amount in {{currency}}',
    amountWrong: 'Write an amount, such as 2.50.',
    submit: 'Give',
    pending: 'The payment to {{to}} is under way. What becomes of it shows up here.',
    completed: '{{delivered}} has arrived at {{to}}. {{taken}} was taken from your budget.',
    completedAway: '{{taken}} was taken from your budget and paid to {{to}}, at another provider.',
    fee: 'Of it {{fee}} is the fee.',
    failed: 'Nothing was paid to {{to}}, and nothing taken from your budget.',
    failedPart: 'Only a part was paid to {{to}}: {{taken}} was taken from your budget.',
    state: { pending: 'Under way', completed: 'Paid', failed: 'Not paid' },
    list: 'Your tips',
    empty: 'No tip yet',
    emptyWhy: 'What you give is listed here, with what became of it.',
  },
}
