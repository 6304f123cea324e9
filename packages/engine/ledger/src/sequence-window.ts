/** How many sequences below the highest seen one are still told apart. What is further below is refused as a repeat. */
export const windowBits = 64

/** Which STREAM sequences of a connection were seen: the highest, and bit i of `seen` (a signed int8 to PostgreSQL) for `highest - 1 - i`. */
export interface SequenceWindow {
  readonly highest: number
  readonly seen: bigint
}

export const emptyWindow: SequenceWindow = { highest: 0, seen: 0n }

/** The window with `sequence` in it, or undefined when it was seen before or lies below the window. */
export function admit(window: SequenceWindow, sequence: number): SequenceWindow | undefined {
  if (sequence > window.highest) return { highest: sequence, seen: shifted(window, sequence) }
  const place = window.highest - 1 - sequence
  if (place < 0 || place >= windowBits) return undefined
  const bit = 1n << BigInt(place)
  const seen = BigInt.asUintN(windowBits, window.seen)
  return (seen & bit) === 0n ? { highest: window.highest, seen: BigInt.asIntN(windowBits, seen | bit) } : undefined
}

/** The bits of `window` seen from a higher `highest`. Sequence 0 is no packet: an empty window sets no bit. */
function shifted(window: SequenceWindow, highest: number): bigint {
  const distance = highest - window.highest
  if (window.highest === 0 || distance > windowBits) return 0n
  return BigInt.asIntN(windowBits, (BigInt.asUintN(windowBits, window.seen) << BigInt(distance)) | (1n << BigInt(distance - 1)))
}
