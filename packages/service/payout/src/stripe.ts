/** Loaded where publishers are paid out by Stripe: its library is an eighth of what a start would read. */
export { StripeConnect } from './rails/stripe-connect.ts'
