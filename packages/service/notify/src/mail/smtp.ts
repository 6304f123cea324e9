import { Fault } from '@rivulet/faults'
import { createTransport } from 'nodemailer'
import type { Mail } from './mail-store.ts'

/** `final`: this mail will never be taken, another attempt would only repeat it. */
export class MailFault extends Fault<'mail-refused' | 'mail-server-away'> {
  readonly final: boolean

  constructor(code: 'mail-refused' | 'mail-server-away', message: string, final: boolean) {
    super(code, message)
    this.final = final
  }
}

/** Where mails leave. */
export interface MailServer {
  /** Resolves when the server has taken it. Throws `mail-refused`, `mail-server-away`; what the server said is not passed on, it may repeat the mail. */
  send(mail: Mail): Promise<void>
  close(): void
}

export interface SmtpOptions {
  /** smtp://user:password@host:port or smtps://. With a user, TLS is asked for before the password leaves, unless the host is this machine. */
  readonly url: string
  /** `Name <address>` or an address. */
  readonly from: string
}

const connectionsMax = 4
const timeoutMs = 10_000
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** A mail server reached by SMTP (RFC 5321). The id of the mail is its Message-ID: one that arrives twice is known as one. */
export function smtpServer({ url, from }: SmtpOptions): MailServer {
  const { username, hostname } = new URL(url)
  const transport = createTransport({
    url, pool: true, maxConnections: connectionsMax, requireTLS: username !== '' && !loopback.has(hostname), connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: 2 * timeoutMs, dnsTimeout: timeoutMs,
    disableFileAccess: true, disableUrlAccess: true,
  })
  const domain = /@([^\s>@]+)>?$/.exec(from)?.[1] ?? 'rivulet.invalid'
  return {
    async send({ id, to, subject, text, html }) {
      try {
        // As an object: an address never reads as a list of addresses.
        await transport.sendMail({ from, to: { name: '', address: to }, subject, text, html, messageId: `<${id}@${domain}>`, headers: { 'Auto-Submitted': 'auto-generated' } })
      } catch (error) {
        throw faultOf(error)
      }
    },
    close: () => transport.close(),
  }
}

/** A 5xx to the recipient or to the data is final (RFC 5321 section 4.2.1); one to our name and password is ours to mend. */
function faultOf(error: unknown): MailFault {
  const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number }
  const refused = responseCode !== undefined && responseCode >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')
  return refused ? new MailFault('mail-refused', `the mail server answered ${responseCode}`, true) : new MailFault('mail-server-away', `the mail could not be handed over: ${code ?? 'unknown'} ${responseCode ?? ''}`.trim(), false)
}
