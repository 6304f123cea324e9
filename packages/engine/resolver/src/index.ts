export { type Payee, Resolver, ResolverFault, type ResolverFaultCode, type ResolverOptions } from './resolver.ts'
