import { type Logger, pino } from 'pino'

/** What must never be written, wherever it turns up in the fields. */
const secretFields = ['password', 'token', 'secret', 'sharedSecret', 'authorization', 'cookie', 'verifier', 'code']

/** JSON lines on standard error; standard output belongs to what a command answers. */
export function openLog(level: string, role: string): Logger {
  const paths = secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])
  return pino({ level, base: { role }, redact: { paths, censor: '[secret]' } }, pino.destination({ fd: 2, sync: true }))
}
