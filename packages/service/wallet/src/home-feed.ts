import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Person } from '@rivulet/accounts'
import { messageOf } from '@rivulet/faults'
import type { Id } from '@rivulet/ids'
import type { Clock, Timer } from '@rivulet/time'
import type { Log } from './paid-stream.ts'

export interface HomeFeedOptions {
  readonly clock: Clock
  readonly log: Log
  /** All that a subscriber's home shows. */
  readonly read: (person: Person) => Promise<object>
  /** Whose session the request still has; asked again every half minute. */
  readonly session: (request: IncomingMessage) => Promise<Person | undefined>
}

const everyMs = 1_000
const windowsMax = 5_000
const windowsPerPersonMax = 10
const sessionCheckTicks = 30
/** What may wait for a slow browser before it is let go. */
const waitingBytesMax = 1_000_000

interface Window {
  readonly person: Person
  readonly request: IncomingMessage
  readonly response: ServerResponse
  told: string
}

/** Tells open homes once a second what has changed (Server-Sent Events): `me` with all that the page shows, or `beat` when nothing did. */
export class HomeFeed {
  readonly #options: HomeFeedOptions
  readonly #windows = new Set<Window>()
  #timer: Timer | undefined
  #running: Promise<void> | undefined
  #ticks = 0
  #failing = false
  #closed = false

  constructor(options: HomeFeedOptions) {
    this.#options = options
  }

  /** Takes over the response, or answers false when too many windows are open. */
  follow(person: Person, request: IncomingMessage, response: ServerResponse): boolean {
    const hers = [...this.#windows].filter((window) => window.person.id === person.id).length
    if (this.#closed || this.#windows.size >= windowsMax || hers >= windowsPerPersonMax) return false
    const window: Window = { person, request, response, told: '' }
    this.#windows.add(window)
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
    response.write('retry: 2000\n\n')
    response.on('close', () => this.#windows.delete(window))
    if (this.#running === undefined) {
      this.#timer?.cancel()
      this.#beat()
    }
    return true
  }

  async stop(): Promise<void> {
    this.#closed = true
    this.#timer?.cancel()
    for (const { response } of this.#windows) response.end()
    await this.#running
  }

  #beat(): void {
    this.#running = this.#tick().then(() => {
      this.#running = undefined
      if (!this.#closed && this.#windows.size > 0) this.#timer = this.#options.clock.after(everyMs, () => this.#beat(), { background: true })
    })
  }

  async #tick(): Promise<void> {
    this.#ticks += 1
    if (this.#ticks % sessionCheckTicks === 0) await this.#checkSessions()
    const people = Map.groupBy(this.#windows, ({ person }) => person.id)
    await Promise.all(Array.from(people.values(), (windows) => this.#tell(windows)))
  }

  /** All windows of one person, from one reading. */
  async #tell(windows: readonly Window[]): Promise<void> {
    const [first] = windows
    if (first === undefined) return
    try {
      const now = JSON.stringify(await this.#options.read(first.person))
      for (const window of windows) {
        const { response } = window
        if (response.writableLength > waitingBytesMax) response.destroy()
        else response.write(now === window.told ? 'event: beat\ndata: {}\n\n' : `event: me\ndata: ${now}\n\n`)
        window.told = now
      }
      this.#failing = false
    } catch (error) {
      if (!this.#failing) this.#options.log.warn({ error: messageOf(error) }, 'open homes cannot be told what changes')
      this.#failing = true
      // Pages see that no beat comes; the comment only keeps proxies from closing the connection.
      for (const { response } of windows) response.write(': waiting for the database\n\n')
    }
  }

  async #checkSessions(): Promise<void> {
    for (const { person, request, response } of this.#windows) {
      // While the database is away nobody is sent off.
      const who: { readonly id: Id<'pers'> } | undefined = await this.#options.session(request).catch(() => person)
      if (who?.id !== person.id) response.end()
    }
  }
}
