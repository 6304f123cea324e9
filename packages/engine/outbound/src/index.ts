export { type GuardedFetch, guardedFetch, type OutboundAnswer, OutboundFault, type OutboundFaultCode, type OutboundOptions, type OutboundRequest } from './guarded-fetch.ts'
