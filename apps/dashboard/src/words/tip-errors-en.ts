/** Apart from the page’s words: every entrance loads it. */
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
