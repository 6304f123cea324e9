/** How e-mail is put together: where it leaves, or the mailbox of the sandbox. */
import { randomInt } from 'node:crypto'
import { Seal } from '@rivulet/ids'
import { Mails, smtpServer } from '@rivulet/notify'
import type { Postgres } from '@rivulet/postgres'
import type { Clock, JobWatch } from '@rivulet/time'
import type { Logger } from 'pino'
import type { Config } from './config.ts'

interface Parts {
  readonly postgres: Postgres
  readonly clock: Clock
  readonly log: Logger
  readonly watch: JobWatch
}

export function openMails({ mail, sandbox, secrets, invoices }: Config, { postgres, clock, log, watch }: Parts): Mails {
  const server = mail === undefined ? undefined : smtpServer({ url: mail.smtpUrl, from: mail.from })
  return new Mails({ postgres, clock, log, watch, server, english: invoices.english, mailbox: sandbox, seal: new Seal(Buffer.from(secrets.seal, 'base64url')), random: () => randomInt(2 ** 32) / 2 ** 32 })
}
