/** Apart from the page’s words: every entrance loads it. */
export const subscriptionErrorsEn = {
  'subscription-unknown': 'There is no such subscription.',
}
