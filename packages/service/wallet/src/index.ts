export { walletMigrations } from './migrations.ts'
export { type Broken, PaidStream, type PaidStreamListener, type StreamDesk } from './paid-stream.ts'
export { type PayeeAttention, WalletStore } from './store.ts'
export { createWallet, type LiveStream, type Wallet, type WalletOptions, type WalletSnapshot } from './wallet.ts'
