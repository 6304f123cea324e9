export { StripeStandIn } from './providers/stripe-stand-in.ts'
