/** What one unit of the link costs the payer of a row whose receiver is ours and counts in another asset: doubts are settled at it. Both or none; the parts of a ratio have no bound. */
export const fourth = `
alter table ledger.sending_details add link_price_numerator numeric, add link_price_denominator numeric,
  add constraint link_price check ((link_price_numerator is null) = (link_price_denominator is null) and link_price_numerator > 0 and link_price_denominator > 0);
`
