export { IncomingPaymentReader } from './incoming-payment.ts'
export { type Payee, Resolver, ResolverFault, type ResolverFaultCode, type ResolverOptions } from './resolver.ts'
