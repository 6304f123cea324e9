/** The order of the house: a package depends only on packages listed above it. */
export const layers: readonly string[] = [
  'ground/faults', 'ground/money', 'ground/time', 'ground/ids',
  'wire/ilp', 'wire/btp', 'wire/stream', 'wire/web-monetization', 'wire/http-signature', 'wire/payment-proof',
  'engine/postgres', 'engine/outbound', 'engine/links', 'engine/ledger', 'engine/forwarder', 'engine/stream-sender', 'engine/stream-receiver', 'engine/gnap', 'engine/resolver',
  'service/audit', 'service/notify', 'service/accounts', 'service/peering', 'service/receiver', 'service/wallet', 'service/open-payments', 'service/funding', 'service/payout', 'service/operator',
]
