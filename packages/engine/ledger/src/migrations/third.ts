/** What came back to an account rather than in: rare among its credits, and asked for whenever an income is shared. */
export const third = `
create index transfers_that_came_back on ledger.transfers (credit_account_id) where reason in ('payout-return', 'correction');
`
