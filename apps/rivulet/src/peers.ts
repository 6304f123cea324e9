import { AuditLog } from '@rivulet/audit'
import { Seal } from '@rivulet/ids'
import type { Ledger } from '@rivulet/ledger'
import { Peers } from '@rivulet/peering/peers'
import type { Postgres } from '@rivulet/postgres'
import type { Clock } from '@rivulet/time'
import type { Config } from './config.ts'

/** With whom this installation exchanges packets: for the operator's door and for the command. */
export function openPeers(config: Config, parts: { readonly postgres: Postgres; readonly ledger: Ledger; readonly clock: Clock }): Peers {
  return new Peers({ ...parts, audit: new AuditLog(parts.postgres), seal: new Seal(Buffer.from(config.secrets.seal, 'base64url')), ilpAddress: config.ilpAddress, allowLocal: config.allowLocal })
}
