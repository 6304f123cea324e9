export { monetizationEventData } from './event.ts'
export { isMonetizationRel, isMonetizationType } from './link.ts'
export {
  type AgentToPage, type AgentToWallet, beatEveryMs, type ButtonLooks, type CodeHandOver, type CurrencyAmount, type Failed, type Hello, type Loaded, type MessageOf, type MonetizationEventData, type PageToAgent, type Paid, type Paused,
  requestsPerPageMax, silenceMaxMs, type Start, type Stop, type Stopped, type Visible, type WalletToAgent,
} from './messages.ts'
export { isLoopback, parsePointer, PointerFault, type PointerOptions } from './pointer.ts'
