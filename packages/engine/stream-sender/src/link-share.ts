/** Waits for its turn on a link that takes no more now. */
export interface InLine {
  /** Sends what is due by now. False when there is nothing, or when it may not: the turn is the next one's. */
  turn(): boolean
}

/** After a refusal no more than what is answered leaves for so long. */
const growthPauseMs = 1_000
/** Then one packet more with so many answers: what a link takes is found again without a burst. */
const answersPerGrowth = 4
/** Without any answer one packet tries the link so often, for all who wait. */
const knockMs = 1_000

/**
 * What the streams of one link share: the pace that its peer can take, and a line for when the link takes no more packets (T03). While anybody waits everybody who has something due goes to the end of
 * the line, and each packet that is answered lets the first one send: as many packets are under way as the link took, and each stream gets its turn as often as any other. Were each to wait by itself,
 * longer after each refusal, those that were refused once would starve beside those that were not.
 */
export class LinkShare {
  streams = 0
  packetsPerSecondMax = Infinity
  /** Those before `#first` have had their turn. */
  #line: InLine[] = []
  #first = 0
  #growsFromMs = -Infinity
  #answersToGrowth = answersPerGrowth
  /** When somebody was paid, refused, or let in last: monotonic. */
  #movedMs = -Infinity
  #answeredMs = -Infinity

  /** Whether others wait. */
  get isBusy(): boolean {
    return this.#first < this.#line.length
  }

  /** To the end of the line. Whoever waits already must not join again before its turn. */
  join(stream: InLine, nowMs: number): void {
    if (!this.isBusy) this.#answeredMs = nowMs
    this.#line.push(stream)
  }

  /** The link took no more: whoever was refused is the first of those who wait, unless it waits already. */
  refused(stream: InLine | undefined, nowMs: number): void {
    this.#movedMs = nowMs
    this.#growsFromMs = nowMs + growthPauseMs
    if (stream === undefined) return
    if (!this.isBusy) this.join(stream, nowMs)
    else if (this.#first > 0) this.#line[--this.#first] = stream
    else this.#line.unshift(stream)
  }

  /** A packet has ended at its receiver, so there is room for another. */
  answered(nowMs: number): void {
    if (!this.isBusy) return
    this.#answeredMs = nowMs
    this.#letIn(nowMs)
    if (nowMs < this.#growsFromMs) return
    this.#answersToGrowth -= 1
    if (this.#answersToGrowth > 0) return
    this.#answersToGrowth = answersPerGrowth
    this.#letIn(nowMs)
  }

  /** Of whoever waits, every now and then: a link that answers nothing at all is tried again. */
  knock(nowMs: number): void {
    if (nowMs - this.#movedMs >= knockMs) this.#letIn(nowMs)
  }

  /** Milliseconds since the link last brought an answer, counted while anybody waits. */
  silentMs(nowMs: number): number {
    return nowMs - this.#answeredMs
  }

  #letIn(nowMs: number): void {
    this.#movedMs = nowMs
    while (this.isBusy) {
      const next = this.#line[this.#first++]
      // What was served is forgotten half a line at a time, so that a turn costs the same however long the line is.
      if (this.#first * 2 >= this.#line.length) {
        this.#line = this.#line.slice(this.#first)
        this.#first = 0
      }
      if (next?.turn() === true) return
    }
  }
}
