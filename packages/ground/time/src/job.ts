import { isFault } from '@rivulet/faults'
import type { Clock } from './clock.ts'

/** One turn of something that a process does by itself, again and again. */
export interface JobRun {
  /** Milliseconds since 1970, as the two below. */
  readonly startedAtMs: number
  readonly endedAtMs: number
  readonly nextAtMs: number
  /** Code of why it failed, `internal` without one; undefined when it did not. */
  readonly error: string | undefined
}

/** Told of every turn. */
export type JobWatch = (run: JobRun) => void

/** Does one turn and tells how it went. Resolves and rejects as `work` does. @param everyMs from the end of this turn to the next */
export async function watched<T>(work: () => Promise<T>, { clock, everyMs, watch }: { readonly clock: Pick<Clock, 'nowMs'>; readonly everyMs: number; readonly watch: JobWatch | undefined }): Promise<T> {
  const startedAtMs = clock.nowMs()
  const tell = (error: string | undefined): void => {
    const endedAtMs = clock.nowMs()
    watch?.({ startedAtMs, endedAtMs, nextAtMs: endedAtMs + everyMs, error })
  }
  try {
    const value = await work()
    tell(undefined)
    return value
  } catch (error) {
    tell(isFault(error) ? error.code : 'internal')
    throw error
  }
}
