import { isFault, messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { SendingStreams } from '@rivulet/ledger'
import type { Log } from './paid-stream.ts'

export interface RecoveryDesk {
  readonly sending: SendingStreams
  readonly ownerId: Id<'ownr'>
  readonly log: Log
  /** The stream of this process that a row belongs to, if it still lives: it keeps its row. */
  readonly living: (id: Id<'strm'>) => { adopt(epoch: number): void } | undefined
}

const rowsPerTurn = 100

/**
 * Settles streams whose owner is gone (a crash, a lost link), once no packet of theirs can arrive any more. Where the receiver writes to this same
 * ledger its total is exact. A foreign receiver's books cannot be seen: what was in flight counts as unpaid and is released to the subscriber.
 * Returns how many it settled. Throws `database-unavailable`.
 */
export async function settleDoubts({ sending, ownerId, log, living }: RecoveryDesk): Promise<number> {
  let settled = 0
  for (;;) {
    const rows = await sending.takeOver(ownerId, rowsPerTurn)
    for (const row of rows) {
      const stream = living(row.id)
      if (stream !== undefined) {
        stream.adopt(row.ownerEpoch)
        continue
      }
      try {
        await sending.settle(row.id, row.ownerEpoch)
        settled += 1
        log.info({ stream: row.id, exact: row.resume.receiverIsOurs }, 'a stream in doubt is settled')
      } catch (error) {
        if (isFault(error, 'database-unavailable')) throw error
        log.error({ stream: row.id, error: messageOf(error) }, 'a stream in doubt could not be settled')
      }
    }
    if (rows.length < rowsPerTurn) return settled
  }
}
