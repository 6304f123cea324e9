/**
 * Connections are called by a hash: in an index by name alone each posting went to a page of its own, the more of them the longer the history. Day by day they stand together; who looks for one name lets
 * PostgreSQL skip from day to day.
 */
export const sixth = `
drop index ledger.transfers_of_stream;
create index transfers_of_stream on ledger.transfers ((posted_at_ms / 86400000), stream) where stream is not null;
`
