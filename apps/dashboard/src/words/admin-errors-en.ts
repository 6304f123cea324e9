/** Apart from the page’s words: every entrance loads it. */
export const adminErrorsEn = {
  'account-unknown': 'There is no account of this name. Copy it from the books, brackets and all.',
  'asset-differs': 'The two accounts count in different assets.',
  'correction-unknown': 'There is no such correction.',
  'correction-state': 'This correction has been decided already.',
  'person-unknown': 'There is no such person.',
  'freeze-state': 'This is so already. Load the page again.',
  'charge-disputed': 'Her bank has taken this payment back already. It can be given back only if the dispute is won.',
  'switch-state': 'This is so already. Load the page again.',
}
