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

export const tipErrorsEn = {
  'tip-invalid': 'A tip is at most 100 of your currency. Check the amount.',
  'tip-receiver-invalid': 'There is nobody to be paid at this pointer, or it cannot be paid from here. Check its spelling. Nothing was taken.',
  'tip-amount-too-small': 'Of so little nothing would arrive. Give more.',
  'tip-funds-insufficient': 'Your budget does not cover this. Give less; nothing was taken.',
  'tip-limit-reached': 'This is more than may be given in one day. Give the rest tomorrow; nothing was taken.',
  'tip-unavailable': 'The payment could not be secured and was not made. Try again in a moment.',
  'tip-payments-stopped': 'The operator has stopped all payments. Nothing was taken; try again later.',
  'key-reused': 'This was given already. Load the page again to see it.',
}
