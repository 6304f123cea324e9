/**
 * What a receiver of others that counts in another asset is expected to get: its word settles doubts by it. `delivered` is what it has said of the packets that `total` counts; no index covers it, so that
 * updates stay HOT.
 */
export const fifth = `
alter table ledger.sending_streams add delivered int8 not null default 0 check (delivered between 0 and 4611686018427387904);
alter table ledger.sending_details add arrival jsonb;
`
