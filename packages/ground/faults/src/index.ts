/**
 * The errors of the house. Every refusal is a thrown `Fault` with a stable `code`: callers branch on the code, people read the message,
 * and the message says what to change.
 */
export class Fault<Code extends string = string> extends Error {
  readonly code: Code
  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** Whether `error` is a Fault, of the given code if one is named. */
export function isFault<Code extends string>(error: unknown, code?: Code): error is Fault<Code> {
  return error instanceof Fault && (code === undefined || error.code === code)
}

/** A broken invariant of our own: a defect, never an answer to bad input. */
export class AssertionFault extends Fault<'assertion'> {
  constructor(message: string) {
    super('assertion', message)
  }
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFault(message)
}

/** Closes an exhaustive switch: does not compile while a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionFault(`unexpected case: ${JSON.stringify(value)}`)
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
