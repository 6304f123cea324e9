import { isFault, messageOf } from '@rivulet/faults'
import type { Seal } from '@rivulet/ids'
import type { Postgres } from '@rivulet/postgres'
import { type Clock, type JobWatch, type Timer, watched } from '@rivulet/time'
import type { English } from './language.ts'
import { type ClaimedMail, type KeptMail, type MailOutcome, MailStore, type MailTransaction, type NewMail } from './mail-store.ts'
import { MailFault, type MailServer } from './smtp.ts'

export interface MailsOptions {
  /** With `notifyMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  /** Seals what waits: links of mails open accounts. */
  readonly seal: Seal
  /** Whose English is written; British unless told. */
  readonly english?: English | undefined
  /** Where mails leave. Without one they go to the mailbox where there is one, and otherwise are not written at all. */
  readonly server: MailServer | undefined
  /** Only the sandbox: what was sent stays readable. */
  readonly mailbox: boolean
  /** 0 to 1, for the jitter of the retries. */
  readonly random: () => number
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
  readonly log: { warn(fields: object, message: string): void }
}

const lookEveryMs = 1_000
/** Over four connections, each mail at most 40 s: all of them end within the lease. */
const claimMax = 8
const leaseMs = 180_000
const backOffMsFirst = 10_000
const backOffMsMax = 3_600_000
const keptForMs = 90 * 24 * 3_600_000
const mailboxMax = 200

/** E-mail from an outbox: written in the transaction whose news it carries, sent after it, at least once. Any number of processes may send. */
export class Mails implements AsyncDisposable {
  readonly #options: MailsOptions
  readonly #store: MailStore
  #timer: Timer | undefined
  #working: Promise<unknown> | undefined
  #stopped = false

  constructor(options: MailsOptions) {
    this.#options = options
    this.#store = new MailStore(options.postgres, options.seal, options.english)
  }

  /** Whether mails reach anybody. */
  get sends(): boolean {
    return this.#options.server !== undefined || this.#options.mailbox
  }

  /** Into the outbox, in the caller's transaction. A full outbox takes no more and does not fail the transaction. */
  async write(transaction: MailTransaction, mail: NewMail): Promise<void> {
    if (this.sends) await this.#store.insert(transaction, mail, this.#options.clock.nowMs())
  }

  /** As `write`, for news without a transaction. */
  async post(mail: NewMail): Promise<void> {
    if (this.sends) await this.#store.insertAlone(mail, this.#options.clock.nowMs())
  }

  /** Begins to send in the background. */
  start(): void {
    this.#timer = this.#options.clock.after(lookEveryMs, () => {
      this.#working = this.#background().finally(() => {
        if (!this.#stopped) this.start()
      })
    }, { background: true })
  }

  /** Sends everything that is due now. */
  async sendDue(): Promise<void> {
    while (!this.#stopped && (await this.#round()) > 0);
  }

  /** What was sent, newest first, at most 200; nothing outside of a sandbox. */
  mailbox(): Promise<readonly KeptMail[]> {
    return this.#store.kept(mailboxMax)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true
    this.#timer?.cancel()
    await this.#working
    this.#options.server?.close()
  }

  async #background(): Promise<void> {
    const { clock, log, watch } = this.#options
    try {
      await watched(async () => {
        await this.#round()
        await this.#store.forget(clock.nowMs() - keptForMs)
      }, { clock, everyMs: lookEveryMs, watch })
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'the mails that wait could not be read, it is tried again')
    }
  }

  async #round(): Promise<number> {
    const nowMs = this.#options.clock.nowMs()
    const claimed = await this.#store.claim({ nowMs, leaseUntilMs: nowMs + leaseMs, limit: claimMax })
    await Promise.all(claimed.map((one) => this.#send(one)))
    return claimed.length
  }

  async #send(claimed: ClaimedMail): Promise<void> {
    const { mail, attempts } = claimed
    const outcome = await this.#attempt(claimed)
    // Its lease runs out if this fails, and it is sent again: at least once.
    await this.#store.settle(mail.id, attempts, outcome)
  }

  async #attempt({ mail, attempts, endsAtMs }: ClaimedMail): Promise<MailOutcome> {
    const { server, mailbox, clock, random, log } = this.#options
    try {
      if (server !== undefined) await server.send(mail)
      else if (!mailbox) throw new MailFault('mail-server-away', 'no mail server is configured any more', false)
      return { status: 'sent', error: null, dueAtMs: clock.nowMs(), keep: mailbox }
    } catch (error) {
      const dueAtMs = clock.nowMs() + backOffMs(attempts, random())
      const dead = (error instanceof MailFault && error.final) || dueAtMs > endsAtMs
      // The id alone: who is written to what is nobody's business here.
      log.warn({ mail: mail.id, attempts, err: messageOf(error) }, dead ? 'a mail was given up' : 'a mail could not be sent and is tried again')
      return { status: dead ? 'dead' : 'waiting', error: isFault(error) ? error.code : 'internal', dueAtMs, keep: false }
    }
  }
}

/** 10 s after the first attempt, doubled each time up to an hour, of which half to all is waited. */
function backOffMs(attempts: number, random: number): number {
  return Math.floor(Math.min(backOffMsFirst * 2 ** Math.min(attempts - 1, 20), backOffMsMax) * (0.5 + random / 2))
}
