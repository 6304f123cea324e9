/** The 17 characters `YYYYMMDDHHMMSSmmm` (UTC) of RFC 27. Packets of one minute share twelve of them, so the last minute written is kept. */
import { PacketFault } from './fault.ts'

export const timeBytes = 17
const minuteMs = 60_000
const minuteBytes = 12
/** The end of the year 9999, the last that four digits hold. */
const timeMaxMs = Date.UTC(10_000, 0, 1) - 1

const minute = { number: -1, digits: Buffer.alloc(minuteBytes) }

/** Writes `timeMs` (ms since 1970) at `at`. Throws `packet-malformed` outside the years 1970 to 9999. */
export function writeTime(buffer: Buffer, at: number, timeMs: number): void {
  if (!(timeMs >= 0 && timeMs <= timeMaxMs)) throw new PacketFault(`a time must lie in the years 1970 to 9999: ${timeMs} ms`)
  const whole = Math.floor(timeMs)
  const number = Math.floor(whole / minuteMs)
  if (number !== minute.number) keepMinute(number)
  minute.digits.copy(buffer, at)
  const rest = whole - number * minuteMs
  for (let place = 4, left = rest; place >= 0; place -= 1, left = Math.floor(left / 10)) buffer[at + minuteBytes + place] = 0x30 + (left % 10)
}

/** Reads a time at `at` as ms since 1970. Throws `packet-malformed` when it is none of the calendar. */
export function readTime(buffer: Buffer, at: number): number {
  let rest = 0
  for (let index = at + minuteBytes; index < at + timeBytes; index += 1) rest = rest * 10 + digit(buffer[index])
  if (rest >= minuteMs) throw new PacketFault('a time has more than 59 seconds')
  for (let index = 0; index < minuteBytes; index += 1) {
    if (buffer[at + index] !== minute.digits[index]) return readMinute(buffer, at) * minuteMs + rest
  }
  return minute.number * minuteMs + rest
}

function digit(byte: number | undefined): number {
  const value = (byte ?? 0) - 0x30
  if (value < 0 || value > 9) throw new PacketFault('a time must be 17 digits')
  return value
}

function keepMinute(number: number): void {
  const text = new Date(number * minuteMs).toISOString().replace(/[^0-9]/g, '')
  minute.digits.write(text, 0, minuteBytes, 'latin1')
  minute.number = number
}

function readMinute(buffer: Buffer, at: number): number {
  for (let index = at; index < at + minuteBytes; index += 1) digit(buffer[index])
  const text = buffer.toString('latin1', at, at + minuteBytes)
  const part = (from: number, to: number): number => Number(text.slice(from, to))
  const timeMs = Date.UTC(part(0, 4), part(4, 6) - 1, part(6, 8), part(8, 10), part(10, 12))
  if (timeMs >= 0 && part(0, 4) >= 1970) {
    keepMinute(timeMs / minuteMs)
    // The calendar of JavaScript carries over (month 13, 31 February); what does not come back the same was never a time.
    if (minute.digits.toString('latin1') === text) return timeMs / minuteMs
  }
  throw new PacketFault('a time must lie in the calendar, in the years 1970 to 9999')
}
