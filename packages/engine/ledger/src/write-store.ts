import type { Books, ReceivingDraft, SendingDraft } from './books.ts'
import { arrivalJson } from './sending-store.ts'
import { type Bound, bound } from './session-store.ts'

/** What a batch has changed, a few statements for any number of rows. The constraints of the schema check the arithmetic once more. */
export function writeBooks(books: Books): Bound[] {
  return [...writeAccounts(books), ...writeTransfers(books), ...insertSending([...books.newSending]), ...updateSending([...books.touchedSending]), ...writeReceiving(books)]
}

function writeAccounts(books: Books): Bound[] {
  const rows = [...books.touchedAccounts]
  if (rows.length === 0) return []
  return [bound(
    `update ledger.accounts a set debits_pending = u.debits_pending, debits_posted = u.debits_posted, credits_pending = u.credits_pending, credits_posted = u.credits_posted
    from unnest($1::text[], $2::int8[], $3::int8[], $4::int8[], $5::int8[]) as u(id, debits_pending, debits_posted, credits_pending, credits_posted) where a.id = u.id`,
    [rows.map((row) => row.id), rows.map((row) => row.debitsPending), rows.map((row) => row.debitsPosted), rows.map((row) => row.creditsPending), rows.map((row) => row.creditsPosted)])]
}

function writeTransfers(books: Books): Bound[] {
  const rows = books.newTransfers
  if (rows.length === 0) return []
  const { id: chainId, length, head } = books.chain
  return [
    bound('update ledger.chains set length = $2, head = $3 where id = $1', [chainId, length, head]),
    bound(
      `insert into ledger.transfers (id, key, debit_account_id, credit_account_id, amount, reason, stream, posted_at_ms, chain_id, chain_length, hash)
      select id, key, debit, credit, amount, reason, stream, $9::int8, $10, chain_length, hash
      from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int8[], $6::text[], $7::text[], $8::int8[], $11::bytea[]) as u(id, key, debit, credit, amount, reason, stream, chain_length, hash)`,
      [
        rows.map((row) => row.id), rows.map((row) => row.key), rows.map((row) => row.debitAccountId), rows.map((row) => row.creditAccountId), rows.map((row) => row.amount),
        rows.map((row) => row.reason), rows.map((row) => row.stream ?? null), rows.map((row) => row.chainLength), books.nowMs, chainId, rows.map((row) => row.hash),
      ]),
  ]
}

function insertSending(rows: readonly SendingDraft[]): Bound[] {
  if (rows.length === 0) return []
  return [
    bound(
      `insert into ledger.sending_streams (id, state, total, posted, excess, held, posted_at_ms, send_until_ms, owner_epoch, debit_account_id, credit_account_id)
      select * from unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int4[], $10::text[], $11::text[])`,
      [
        rows.map((row) => row.id), rows.map((row) => row.state), rows.map((row) => row.total), rows.map((row) => row.posted), rows.map((row) => row.excess), rows.map((row) => row.held),
        rows.map((row) => row.postedAtMs), rows.map((row) => row.sendUntilMs), rows.map((row) => row.ownerEpoch), rows.map((row) => row.debitAccountId), rows.map((row) => row.creditAccountId),
      ]),
    bound(
      `insert into ledger.sending_details (id, loss_account_id, connection, rate, destination, encrypted_secret, receiver_is_ours, owner_id, label, sequence_ceiling, opened_at_ms, closed_at_ms, close_reason,
        link_price_numerator, link_price_denominator, arrival)
      select * from unnest($1::text[], $2::text[], $3::bytea[], $4::int8[], $5::text[], $6::bytea[], $7::bool[], $8::text[], $9::jsonb[], $10::int8[], $11::int8[], $12::int8[], $13::text[], $14::numeric[], $15::numeric[], $16::jsonb[])`,
      [
        rows.map((row) => row.id), rows.map((row) => row.lossAccountId), rows.map((row) => row.connection), rows.map((row) => row.rate), rows.map((row) => row.resume.destination),
        rows.map((row) => row.resume.encryptedSecret), rows.map((row) => row.resume.receiverIsOurs), rows.map((row) => row.ownerId), rows.map((row) => JSON.stringify(row.label)),
        rows.map((row) => row.sequenceCeiling), rows.map((row) => row.openedAtMs), rows.map(closedAtMs), rows.map((row) => row.closeReason ?? null),
        rows.map((row) => row.resume.linkPrice?.numerator ?? null), rows.map((row) => row.resume.linkPrice?.denominator ?? null),
        rows.map(({ resume: { arrival } }) => (arrival === undefined ? null : arrivalJson(arrival))),
      ]),
  ]
}

function updateSending(rows: readonly SendingDraft[]): Bound[] {
  if (rows.length === 0) return []
  return [
    bound(
      `update ledger.sending_details d set owner_id = u.owner_id, sequence_ceiling = u.sequence_ceiling, closed_at_ms = coalesce(d.closed_at_ms, u.closed_at_ms), close_reason = u.close_reason
      from unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::text[]) as u(id, owner_id, sequence_ceiling, closed_at_ms, close_reason)
      where d.id = u.id and (d.owner_id, d.sequence_ceiling, d.close_reason) is distinct from (u.owner_id, u.sequence_ceiling, u.close_reason)`,
      [rows.map((row) => row.id), rows.map((row) => row.ownerId), rows.map((row) => row.sequenceCeiling), rows.map(closedAtMs), rows.map((row) => row.closeReason ?? null)]),
    bound(
      `update ledger.sending_streams s set state = u.state, total = u.total, posted = u.posted, link_total = u.link_total, link_posted = u.link_posted, delivered = u.delivered, excess = u.excess, held = u.held, posted_at_ms = u.posted_at_ms,
        send_until_ms = u.send_until_ms, claimed_until_ms = u.claimed_until_ms, owner_epoch = u.owner_epoch
      from unnest($1::text[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::int8[], $10::int4[], $11::int8[], $12::int8[], $13::int8[])
        as u(id, state, total, posted, excess, held, posted_at_ms, send_until_ms, claimed_until_ms, owner_epoch, link_total, link_posted, delivered) where s.id = u.id`,
      [
        rows.map((row) => row.id), rows.map((row) => row.state), rows.map((row) => row.total), rows.map((row) => row.posted), rows.map((row) => row.excess), rows.map((row) => row.held),
        rows.map((row) => row.postedAtMs), rows.map((row) => row.sendUntilMs), rows.map((row) => row.claimedUntilMs), rows.map((row) => row.ownerEpoch), rows.map((row) => row.linkTotal), rows.map((row) => row.linkPosted),
        rows.map((row) => row.delivered),
      ]),
  ]
}

function writeReceiving(books: Books): Bound[] {
  const written: Bound[] = []
  const added = [...books.newReceiving]
  if (added.length > 0) {
    // Their places were taken when the batch was locked.
    written.push(bound(
      'update ledger.receiving_streams r set posted_at_ms = $2, closes_at_ms = u.closes_at_ms from unnest($1::bytea[], $3::int8[]) as u(connection, closes_at_ms) where r.connection = u.connection',
      [connectionsOf(added), books.nowMs, added.map((row) => row.closesAtMs)]))
  }
  const touched = [...books.touchedReceiving].filter((row) => !books.endedReceiving.has(row))
  if (touched.length > 0) {
    written.push(bound(
      `update ledger.receiving_streams r set posted = u.posted, posted_at_ms = u.posted_at_ms, closed = u.closed, link_posted = u.link_posted
      from unnest($1::bytea[], $2::int8[], $3::int8[], $4::bool[], $5::int8[]) as u(connection, posted, posted_at_ms, closed, link_posted) where r.connection = u.connection`,
      [connectionsOf(touched), touched.map((row) => row.posted), touched.map((row) => row.postedAtMs), touched.map((row) => row.closed), touched.map((row) => row.linkPosted)]))
  }
  const ended = [...books.endedReceiving]
  if (ended.length > 0) {
    written.push(bound(
      `with gone as (delete from ledger.receiving_streams where connection = any($1::bytea[]) returning connection, total, link_total, debit_account_id, credit_account_id)
      insert into ledger.receiving_ended (connection, total, link_total, debit_account_id, credit_account_id, ended_at_ms) select connection, total, link_total, debit_account_id, credit_account_id, $2::int8 from gone`,
      [connectionsOf(ended), books.nowMs]))
  }
  return written
}

function connectionsOf(rows: readonly ReceivingDraft[]): Buffer[] {
  return rows.map((row) => row.connection)
}

function closedAtMs(row: SendingDraft): number | null {
  return row.state === 'closed' ? row.postedAtMs : null
}
