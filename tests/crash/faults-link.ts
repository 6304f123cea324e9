/** The link between wallets and receivers, with faults in virtual time: packets and answers are lost, late, doubled, replayed and reordered, and whole minutes go missing. */
import { ErrorCode, type LateListener, type Link, LinkFault, type PacketHandler, type Prepare, reject, type Reply } from '@rivulet/ilp'
import type { TestClock } from '@rivulet/time/testing'
import type { Mortal } from './faults-database.ts'
import type { Chance, ProcessClock } from './simulator-time.ts'

/** Chances per packet, 0 to 1. */
export interface LinkWeather {
  readonly packetLost: number
  readonly answerLost: number
  /** Packet or answer takes up to 25 s. */
  readonly late: number
  /** Packet or answer takes up to 3 s: it changes places with its neighbours. */
  readonly reordered: number
  /** The packet arrives twice, at two receivers perhaps. Both answer, and the wallet hears what comes first. */
  readonly doubled: number
  /** The same bytes come once more, much later; its answer goes nowhere. */
  readonly replayed: number
}

export interface FaultyLinkOptions {
  readonly time: TestClock
  readonly chance: Chance
  readonly process: Mortal
  readonly clock: ProcessClock
  readonly weather: () => LinkWeather
  readonly partitioned: () => boolean
  /** Some receiver of this address that lives now, if any. */
  readonly receiver: (chance: string, destination: string) => { readonly process: Mortal; readonly handle: PacketHandler } | undefined
  readonly happened: (what: string) => void
  /** What leaves a wallet, before it leaves. Returns a name for its faults: the same in every run of a seed. */
  readonly leaves: (prepare: Prepare) => string
  /** The wallet is about to hear this. */
  readonly heard: (prepare: Prepare, reply: Reply) => void
}

const answerGraceMs = 500

export class FaultyLink implements Link {
  readonly #options: FaultyLinkOptions

  constructor(options: FaultyLinkOptions) {
    this.#options = options
  }

  async send(prepare: Prepare, late?: LateListener): Promise<Reply> {
    const { process, chance, clock, time, partitioned, happened, leaves, heard } = this.#options
    if (process.dead || process.reach('before-send')) return forever()
    const name = leaves(prepare)
    if (partitioned() && chance.happens(`${name}/known`, 0.5)) {
      // The link knows that it is down: this packet never leaves.
      happened('never-left')
      const reply = reject(ErrorCode.peerUnreachable, '', 'the link is down')
      heard(prepare, reply)
      return reply
    }
    const answer = Promise.withResolvers<Reply>()
    let waiting: 'in time' | 'late' | 'no more' = 'in time'
    this.#travel(prepare, name, (reply) => {
      if (process.dead || waiting === 'no more') return
      const inTime = waiting === 'in time'
      if (!inTime && (late === undefined || late.wantedUntilMs() <= clock.nowMs())) return
      waiting = 'no more'
      heard(prepare, reply)
      if (inTime) answer.resolve(reply)
      else {
        happened('answer-after-all')
        late?.hear(reply)
      }
    })
    if (process.reach('after-send')) return forever()
    time.after(Math.max(0, prepare.expiresAtMs - clock.nowMs()) + answerGraceMs, () => {
      if (waiting !== 'in time' || process.dead) return
      waiting = 'late'
      answer.reject(new LinkFault('no-answer', 'the packet expired without an answer'))
    })
    return answer.promise
  }

  #travel(prepare: Prepare, name: string, answered: (reply: Reply) => void): void {
    const { chance, weather, happened, time } = this.#options
    const { packetLost, doubled, replayed } = weather()
    const arrive = (delayMs: number, copy: string): void => {
      time.after(delayMs, () => void this.#arrive(prepare, copy).then((reply) => reply && this.#answer(reply, copy, answered)))
    }
    if (chance.happens(`${name}/lost`, packetLost)) happened('packet-lost')
    else arrive(this.#delayMs(`${name}/there`, 'packet'), `${name}/1`)
    if (chance.happens(`${name}/doubled`, doubled)) {
      happened('packet-doubled')
      arrive(this.#delayMs(`${name}/again`, 'packet'), `${name}/2`)
    }
    if (chance.happens(`${name}/replayed`, replayed)) {
      happened('packet-replayed')
      time.after(chance.of(`${name}/replay`).between(1_000, 60_000), () => void this.#arrive(prepare, `${name}/3`))
    }
  }

  #answer(reply: Reply, name: string, answered: (reply: Reply) => void): void {
    const { time, chance, weather, happened } = this.#options
    if (chance.happens(`${name}/answer-lost`, weather().answerLost)) happened('answer-lost')
    else time.after(this.#delayMs(`${name}/back`, 'answer'), () => answered(reply))
  }

  /** At a receiver. What a partition or a death swallows has no answer. */
  async #arrive(prepare: Prepare, name: string): Promise<Reply | undefined> {
    const { partitioned, receiver, happened } = this.#options
    if (partitioned()) {
      happened('swallowed-by-partition')
      return undefined
    }
    const to = receiver(`${name}/receiver`, prepare.destination)
    if (to === undefined) return undefined
    const reply = await to.handle(prepare)
    if (to.process.dead || to.process.reach('before-answer')) return undefined
    if (partitioned()) return undefined
    to.process.reach('after-answer')
    return reply
  }

  #delayMs(name: string, what: string): number {
    const { chance, weather, happened } = this.#options
    const { late, reordered } = weather()
    const random = chance.of(name)
    const draw = random.next()
    if (draw < late) {
      happened(`${what}-late`)
      return random.between(3_000, 25_000)
    }
    if (draw < late + reordered) {
      happened(`${what}-reordered`)
      return random.between(200, 3_000)
    }
    return random.between(1, 40)
  }
}

function forever<T>(): Promise<T> {
  return new Promise(() => undefined)
}
