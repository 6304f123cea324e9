import { isFault, messageOf } from '@rivulet/faults'
import { newSecret } from '@rivulet/ids'
import type { SendingStream } from '@rivulet/ledger'
import { multiplyFloor } from '@rivulet/money'
import { askTotal } from '@rivulet/stream-sender'
import type { StreamDesk } from './paid-stream.ts'

/** Streams that are settled at once: so many receivers are asked at the same time. */
const rowsPerTurn = 100

/**
 * Settles streams whose owner is gone (a crash, a lost link), once no packet of theirs can arrive any more. Where the receiver writes to this same
 * ledger its total is exact. A foreign receiver is asked for its total, which the ledger believes within what is in doubt; where it says nothing, what was in
 * flight counts as unpaid and is released to the subscriber. Returns how many it settled. Throws `database-unavailable`.
 */
export async function settleDoubts(desk: StreamDesk): Promise<number> {
  for (let settled = 0; ; ) {
    const rows = await desk.ledger.sending.takeOver(desk.ownerId, rowsPerTurn)
    const outcomes = await Promise.allSettled(rows.map((row) => settleOne(desk, row)))
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason
      if (outcome.value) settled += 1
    }
    if (rows.length < rowsPerTurn) return settled
  }
}

/** Whether it is settled. */
async function settleOne(desk: StreamDesk, row: SendingStream): Promise<boolean> {
  const { ledger, log } = desk
  const living = desk.live.values().find(({ id }) => id === row.id)
  if (living !== undefined) {
    // It keeps its row.
    living.adopt(row.ownerEpoch)
    return false
  }
  try {
    const word = row.resume.receiverIsOurs ? undefined : await Promise.race([wordOf(desk, row), desk.givingUp.then(() => 'gave up' as const)])
    // Another process settles it.
    if (word === 'gave up') return false
    const { total } = await ledger.sending.settle(row.id, row.ownerEpoch, word)
    log.info({ stream: row.id, exact: row.resume.receiverIsOurs, receiverSays: word?.toString(), total: total.toString() }, 'a stream in doubt is settled')
    return true
  } catch (error) {
    if (isFault(error, 'database-unavailable')) throw error
    log.error({ stream: row.id, error: messageOf(error) }, 'a stream in doubt could not be settled')
    return false
  }
}

/** What a foreign receiver says it got, in units of the row's expected arrival, else of the sender; undefined when it says nothing, or counts in another asset than was expected. */
async function wordOf({ clock, ilpAddress, ledger, routing, seal }: StreamDesk, row: SendingStream): Promise<bigint | undefined> {
  const { destination, encryptedSecret } = row.resume
  const { asset } = await ledger.balance(row.debitAccountId)
  const route = await routing.to(destination, asset).catch((error: unknown) => {
    if (!isFault(error, 'no-route')) throw error
  })
  const said = route && (await askTotal({
    link: route.link, clock, destination, sharedSecret: seal.open(encryptedSecret, row.id), sequenceFirst: row.sequenceCeiling + 1, sourceAddress: `${ilpAddress}.${newSecret(18)}`,
  }))
  const { arrival } = row.resume
  if (arrival !== undefined) return said?.asset.code === arrival.asset.code && said.asset.scale === arrival.asset.scale ? said.received : undefined
  if (said?.asset.code !== asset.code) return undefined
  return multiplyFloor(said.received, { numerator: 10n ** BigInt(asset.scale), denominator: 10n ** BigInt(said.asset.scale) })
}
