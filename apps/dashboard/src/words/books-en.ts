/** The ledger explorer. */
export const booksEn = {
  books: {
    title: 'Ledger', search: 'Account, or an id', searchWhy: 'A part of the name, such as alice or psp; the id of an account, transfer or stream opens it.', kind: 'Kind', anyKind: 'All kinds', accounts: 'Accounts',
    kinds: { subscriber: 'Subscriber', publisher: 'Publisher', link: 'Link to a peer', exchange: 'Exchange', psp: 'Payment provider', bank: 'Bank account', fee: 'Fee or cost', loss: 'Loss', dust: 'Rounding remainders' },
    none: 'No account has this name', noneWhy: 'Look for a shorter part of it, or choose all kinds.', held: '{{amount}} held', next: 'Next page', first: 'First page',
    account: 'Account', balance: 'Balance', accrued: 'Accrued', accruedWhy: 'Moved by open streams, not posted yet', overdraft: 'Debits may exceed credits', noOverdraft: 'Never below zero: the database refuses it',
    creditsPosted: 'Credits posted', debitsPosted: 'Debits posted', creditsPending: 'Credits pending', debitsPending: 'Debits pending',
    transfers: 'Transfers', noTransfers: 'Nothing has been posted to this account', newest: 'Newest', older: 'Older', to: 'to', from: 'from',
    pastTitle: 'Balance at a time', pastWhen: 'Just before (your time)', pastAsk: 'Show', pastWas: 'Just before {{time}} the posted balance was {{amount}}.',
    transfer: 'Transfer', debit: 'Debit', credit: 'Credit', reason: 'Reason', posted: 'Posted', key: 'Idempotency key', stream: 'Stream', sameEntry: 'Written together with it',
    chain: 'Hash chain', chainWhy: 'Each transfer’s hash covers its content and the hash before it: whoever changes one changes all that follow. Your browser computes it from what is shown here.',
    chainPlace: 'Place and chain', previousHash: 'Hash before it', content: 'Content', hash: 'Its hash', missing: 'missing', recompute: 'Recompute', right: 'The hash is right: nothing was changed.', wrong: 'The hash is wrong: this transfer, or the one before it, was changed or removed. Stop payouts and run verify.',
  },
}
