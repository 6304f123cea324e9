import { type Action, recordAction } from '@rivulet/audit'
import type { Id } from '@rivulet/ids'
import { inTransaction, type Postgres } from '@rivulet/postgres'
import type pg from 'pg'
import { PeeringFault } from './fault.ts'
import type { Peer, StoredLimits, StoredLink } from './peer.ts'

interface PeerRow {
  id: Id<'peer'>
  name: string
  state: Peer['state']
  ilp_address: string
  prefixes: string[]
  asset_code: string
  asset_scale: number
  link_kind: StoredLink['kind']
  url: string | null
  incoming_token_hash: Buffer | null
  outgoing_token_sealed: Buffer | null
  packet_amount_max: bigint
  packets_per_second_max: number
  packets_burst_max: number
  outgoing_packets_per_second_max: number | null
  owed_max: bigint
  settlement_threshold: bigint | null
  link_account_id: Id<'acct'>
  changed_at_ms: bigint
}

/** A slice of a peer's limit. */
export interface SliceAsked {
  readonly peerId: Id<'peer'>
  readonly processId: Id<'ownr'>
  /** What the process keeps of its lease, packets in flight included. */
  readonly keptUnits: bigint
  /** What it needs beyond that, now. */
  readonly wantedUnits: bigint
  readonly nowMs: number
  readonly expiresAtMs: number
}

/** When a change is made, and by whom. */
interface Written {
  readonly nowMs: number
  readonly action: Action | undefined
}

const peersMax = 1_000
const selectPeers = `select p.*, (select coalesce(array_agg(prefix order by prefix), '{}') from peering.routes where peer_id = p.id) as prefixes from peering.peers p where p.state <> 'removed'`

export class PeerStore {
  readonly #postgres: Postgres

  constructor(postgres: Postgres) {
    this.#postgres = postgres
  }

  async all(): Promise<readonly Peer[]> {
    const { rows } = await this.#postgres.pool.query<PeerRow>(`${selectPeers} order by p.name limit ${peersMax}`)
    return rows.map(peerOf)
  }

  /** By name or id. Throws `peer-unknown`. */
  async get(nameOrId: string): Promise<Peer> {
    const { rows } = await this.#postgres.pool.query<PeerRow>(`${selectPeers} and (p.name = $1 or p.id = $1)`, [nameOrId])
    const row = rows[0]
    if (row === undefined) throw new PeeringFault('peer-unknown', `there is no peer ${nameOrId}: rivulet peers list names them`)
    return peerOf(row)
  }

  /** With its routes, or not at all. Throws `peer-known`, `prefix-taken`, `token-taken`, `peers-too-many`. */
  async insert(peer: Peer, action?: Action): Promise<void> {
    const { link, limits } = peer
    try {
      await inTransaction(this.#postgres.pool, async (client) => {
        const { rows } = await client.query<{ peers: bigint }>(`select count(*) as peers from peering.peers where state <> 'removed'`)
        if ((rows[0]?.peers ?? 0n) >= BigInt(peersMax)) throw new PeeringFault('peers-too-many', `at most ${peersMax} peers: remove one first`)
        await client.query(
          `insert into peering.peers (id, name, ilp_address, asset_code, asset_scale, link_kind, url, incoming_token_hash, outgoing_token_sealed, packet_amount_max, packets_per_second_max, packets_burst_max,
            outgoing_packets_per_second_max, owed_max, settlement_threshold, link_account_id, created_at_ms, changed_at_ms) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17)`,
          [peer.id, peer.name, peer.address, peer.asset.code, peer.asset.scale, link.kind, 'url' in link ? link.url : null, 'incomingTokenHash' in link ? link.incomingTokenHash : null,
            'tokenSealed' in link ? link.tokenSealed : null, limits.packetAmountMax, limits.packetsPerSecondMax, limits.packetsBurstMax, limits.outgoingPacketsPerSecondMax, limits.owedMax,
            limits.settlementThreshold, peer.linkAccountId, peer.changedAtMs])
        await client.query('insert into peering.routes (prefix, peer_id) select unnest($1::text[]), $2', [peer.prefixes, peer.id])
        if (action !== undefined) await recordAction(client, action, peer.changedAtMs)
      })
    } catch (error) {
      throw refusalOf(error, peer)
    }
  }

  async changeLimits(id: Id<'peer'>, limits: StoredLimits, { nowMs, action }: Written): Promise<void> {
    await this.#written({ nowMs, action }, (client) => client.query(
      `update peering.peers set packet_amount_max = $2, packets_per_second_max = $3, packets_burst_max = $4, outgoing_packets_per_second_max = $5, owed_max = $6, settlement_threshold = $7, changed_at_ms = greatest($8, changed_at_ms + 1)
        where id = $1 and state <> 'removed'`,
      [id, limits.packetAmountMax, limits.packetsPerSecondMax, limits.packetsBurstMax, limits.outgoingPacketsPerSecondMax, limits.owedMax, limits.settlementThreshold, nowMs]))
  }

  /** A removed peer gives back its name, its prefixes and its token. */
  async setState(id: Id<'peer'>, state: 'active' | 'paused' | 'removed', { nowMs, action }: Written): Promise<void> {
    await this.#written({ nowMs, action }, (client) => client.query(
      `with gone as (delete from peering.routes where peer_id = $1 and $2 = 'removed'), leases as (delete from peering.leases where peer_id = $1 and $2 = 'removed')
      update peering.peers set state = $2, changed_at_ms = greatest($3, changed_at_ms + 1) where id = $1 and state <> 'removed'`, [id, state, nowMs]))
  }

  /** A change, and what the operator did, in one transaction. */
  async #written({ nowMs, action }: Written, change: (client: pg.PoolClient) => Promise<unknown>): Promise<void> {
    await inTransaction(this.#postgres.pool, async (client) => {
      await change(client)
      if (action !== undefined) await recordAction(client, action, nowMs)
    })
  }

  /** Units that processes may still let the peer owe without asking again. */
  async leasedUnits(nowMs: number): Promise<ReadonlyMap<string, bigint>> {
    const { rows } = await this.#postgres.pool.query<{ peer_id: string; units: bigint }>('select peer_id, sum(units)::int8 as units from peering.leases where expires_at_ms > $1 group by 1', [nowMs])
    return new Map(rows.map((row) => [row.peer_id, row.units]))
  }

  /**
   * Gives a process a slice of what the peer may still owe: all that is wanted, or a quarter of what is left if that is more, or what is left if that is less. The peer's row is
   * locked, so that slices are given one after the other. What a process has credited is in the ledger before it leaves its slice, so slices are read first and `owed` after them: a credit
   * may be seen in both, never in neither. Returns the units given beyond those kept.
   */
  async lease({ peerId, processId, keptUnits, wantedUnits, nowMs, expiresAtMs }: SliceAsked, owed: (linkAccountId: Id<'acct'>) => Promise<bigint>): Promise<bigint> {
    return inTransaction(this.#postgres.pool, async (client) => {
      const { rows: peers } = await client.query<{ owed_max: bigint; link_account_id: Id<'acct'> }>(`select owed_max, link_account_id from peering.peers where id = $1 and state <> 'removed' for update`, [peerId])
      const peer = peers[0]
      if (peer === undefined) throw new PeeringFault('peer-unknown', `${peerId} is no peer any more`)
      const { rows: others } = await client.query<{ units: bigint }>('select coalesce(sum(units), 0)::int8 as units from peering.leases where peer_id = $1 and process_id <> $2 and expires_at_ms > $3', [peerId, processId, nowMs])
      const left = peer.owed_max - (others[0]?.units ?? 0n) - keptUnits - (await owed(peer.link_account_id))
      const given = left <= 0n ? 0n : left < wantedUnits ? left : wantedUnits > left / 4n ? wantedUnits : left / 4n
      await client.query(
        `insert into peering.leases (peer_id, process_id, units, expires_at_ms) values ($1, $2, $3, $4) on conflict (peer_id, process_id) do update set units = excluded.units, expires_at_ms = excluded.expires_at_ms`,
        [peerId, processId, keptUnits + given, expiresAtMs])
      await client.query('delete from peering.leases where peer_id = $1 and expires_at_ms <= $2', [peerId, nowMs])
      return given
    })
  }

  /** What a process has left of its slice, which only gets smaller by this. */
  async shrink(peerId: Id<'peer'>, processId: Id<'ownr'>, units: bigint): Promise<void> {
    await this.#postgres.pool.query('update peering.leases set units = $3 where peer_id = $1 and process_id = $2 and units > $3', [peerId, processId, units])
  }

  async giveBack(peerId: Id<'peer'>, processId: Id<'ownr'>): Promise<void> {
    await this.#postgres.pool.query('delete from peering.leases where peer_id = $1 and process_id = $2', [peerId, processId])
  }
}

function peerOf(row: PeerRow): Peer {
  return {
    id: row.id, name: row.name, state: row.state, address: row.ilp_address, prefixes: row.prefixes, asset: { code: row.asset_code, scale: row.asset_scale }, link: linkOf(row),
    limits: {
      packetAmountMax: row.packet_amount_max, packetsPerSecondMax: row.packets_per_second_max, packetsBurstMax: row.packets_burst_max, outgoingPacketsPerSecondMax: row.outgoing_packets_per_second_max,
      owedMax: row.owed_max, settlementThreshold: row.settlement_threshold,
    },
    linkAccountId: row.link_account_id, changedAtMs: Number(row.changed_at_ms),
  }
}

/** The constraint `link_is_whole` says which of the columns are there. */
function linkOf(row: PeerRow): StoredLink {
  const [url, tokenSealed, incomingTokenHash] = [row.url ?? '', row.outgoing_token_sealed ?? Buffer.alloc(0), row.incoming_token_hash ?? Buffer.alloc(0)]
  switch (row.link_kind) {
    case 'btp-client':
      return { kind: 'btp-client', url, tokenSealed }
    case 'btp-server':
      return { kind: 'btp-server', incomingTokenHash }
    case 'http':
      return { kind: 'http', url, tokenSealed, incomingTokenHash }
  }
}

function refusalOf(error: unknown, peer: Peer): unknown {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined
  switch (constraint) {
    case 'peers_name':
      return new PeeringFault('peer-known', `there already is a peer ${peer.name}: change its limits, or remove it first`)
    case 'peers_token':
      return new PeeringFault('token-taken', 'the token is another peer’s: give each peer its own')
    case 'routes_pkey':
      return new PeeringFault('prefix-taken', `one of ${peer.prefixes.join(', ')} is another peer’s: each prefix leads to one peer`)
    default:
      return error
  }
}
