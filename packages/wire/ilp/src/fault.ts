import { Fault } from '@rivulet/faults'

/** Bytes, or a value to be written, that are no packet: truncated, too large, or against the grammar. */
export class PacketFault extends Fault<'packet-malformed'> {
  constructor(message: string) {
    super('packet-malformed', message)
  }
}

/** How a hop ends without the peer's word: `no-answer` leaves the packet in doubt, `closed` means that it never left. */
export class LinkFault extends Fault<'no-answer' | 'closed'> {}
