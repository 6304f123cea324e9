/** Apart from the page’s words: every entrance loads it. */
export const planErrorsEn = {
  'card-invalid': 'This card is not accepted. In the sandbox use one of the numbers below the field; elsewhere enter the card again.',
  'card-declined': 'Your card was declined, and nothing was charged. Try again with another card.',
  'provider-away': 'The payment provider does not answer. Nothing was charged; try again in a moment.',
  'plan-unknown': 'This plan is no longer offered. Choose another.',
  'subscribed-already': 'You have a plan already: change it instead.',
  'not-subscribed': 'You have no plan yet: choose one first.',
  'subscription-state': 'This cannot be done at the moment. Load the page again to see why.',
  'charge-unknown': 'No payment of yours waits to be confirmed.',
  'request-invalid': 'Something in these details is not accepted. Wallet addresses begin with https://; parts are between 0.01 and 100 %.',
}
