/** A share that nobody elsewhere took comes back to the pointer that shared it: as a returned payout, that is no income. */
export const eighth = `
drop index ledger.transfers_that_came_back;
create index transfers_that_came_back on ledger.transfers (credit_account_id) where reason in ('payout-return', 'split-return', 'correction');
`
