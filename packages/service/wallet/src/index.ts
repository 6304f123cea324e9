export { walletMigrations } from './migrations.ts'
export { createWallet, type LiveStream, type Wallet, type WalletOptions, type WalletSnapshot } from './wallet.ts'
