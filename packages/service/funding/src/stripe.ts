/** Loaded where cards are taken: Stripe's library is an eighth of what a start would read. */
export { StripeProvider } from './providers/stripe.ts'
