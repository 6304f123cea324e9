/** Wrong parts, one at a time: the simulation must find each of them, or it proves nothing. */
import { ErrorCode, type Link, LinkFault, reject, type Reply } from '@rivulet/ilp'
import type { ReceivingStreams, SendingStreams } from '@rivulet/ledger'

/** Each with what must be said of it. */
export const mutants = {
  'a receiver credits replays': /was ever sent|receivers know of|credited twice/,
  'a receiver fulfils before the commit': /was told that/,
  'a receiver refuses repeats and says not what it has': /and counts only/,
  'a sender sends a packet in doubt again': /a second time/,
  'a sender takes no answer for a refusal': /and counts only/,
  'a wallet tells of payments before they are booked': /the page of stream/,
  'a wallet books more than was credited': /its receiver was credited/,
  'a wallet takes streams over too early': /was taken over .* before anybody's clock allows it/,
  'a settlement does not ask the receiver': /is settled at/,
  'a lost answer is taken for a failure': /receivers know of|another process wrote it/,
} as const
export type Mutant = keyof typeof mutants

export interface Parts {
  readonly receiving: ReceivingStreams
  readonly sending?: SendingStreams
  readonly link?: Link
}

let freshSequence = 1_000_000

/** The parts that this mutant changes, changed. Those of its clock and its database are changed where they are made. */
export function mutated(mutant: Mutant | undefined, { sending, receiving, link }: Parts): Parts {
  switch (mutant) {
    case 'a receiver credits replays':
      return { receiving: changed(receiving, { credit: (credit) => receiving.credit({ ...credit, sequence: (freshSequence += 1) }) }) }
    case 'a receiver fulfils before the commit':
      return {
        receiving: changed(receiving, {
          credit: (credit) => {
            void receiving.credit(credit)
            return Promise.resolve({ applied: true, total: credit.amount })
          },
        }),
      }
    case 'a receiver refuses repeats and says not what it has':
      return { receiving: changed(receiving, { totalOf: () => Promise.resolve(0n) }) }
    case 'a sender sends a packet in doubt again':
      return { receiving, ...(link && { link: relinked(link, (error, again) => (isNoAnswer(error) ? again() : Promise.reject(error))) }) }
    case 'a sender takes no answer for a refusal':
      return { receiving, ...(link && { link: relinked(link, (error) => (isNoAnswer(error) ? Promise.resolve(reject(ErrorCode.transferTimedOut, '', '')) : Promise.reject(error))) }) }
    case 'a wallet tells of payments before they are booked':
      return {
        receiving,
        ...(sending && {
          sending: changed(sending, {
            book: (...given) => {
              sending.book(...given).catch(() => undefined)
              return Promise.resolve()
            },
          }),
        }),
      }
    case 'a wallet books more than was credited':
      return { receiving, ...(sending && { sending: changed(sending, { book: (id, epoch, total) => sending.book(id, epoch, total + 1n) }) }) }
    case 'a settlement does not ask the receiver':
      return { receiving, ...(sending && { sending: changed(sending, { open: (spec) => sending.open({ ...spec, resume: { ...spec.resume, receiverIsOurs: false } }) }) }) }
    case 'a wallet takes streams over too early':
    case 'a lost answer is taken for a failure':
    case undefined:
      return { receiving }
  }
}

/** A part with some of its methods replaced. */
export function changed<Part extends object>(part: Part, change: Partial<Part>): Part {
  return new Proxy(part, {
    get: (target, name) => {
      const mine: unknown = Reflect.get(change, name)
      if (mine !== undefined) return mine
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function relinked(link: Link, failed: (error: unknown, again: () => Promise<Reply>) => Promise<Reply>): Link {
  return { send: (prepare) => link.send(prepare).catch((error: unknown) => failed(error, () => link.send(prepare))) }
}

function isNoAnswer(error: unknown): boolean {
  return error instanceof LinkFault && error.code === 'no-answer'
}
