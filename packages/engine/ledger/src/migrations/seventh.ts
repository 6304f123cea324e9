/** What we earned may be taken out, and must be given back all the same when a payment is refunded or a payout comes back: as with VAT, the account then says what is missing. */
export const seventh = `
update ledger.accounts set debits_may_exceed_credits = true where name in ('fee.subscription', 'fee.payout');
`
