export { type InstanceKey, instanceKeyOf } from './instance-key.ts'
export { addressApi } from './wallet-address/api.ts'
export { walletAddressRoutes } from './wallet-address/routes.ts'
