export { ResolverFault, type ResolverFaultCode } from './fault.ts'
export { IncomingPaymentReader } from './incoming-payment.ts'
export { type LookedUp, type Payee, Resolver, type ResolverOptions } from './resolver.ts'
