import type { JobWatch } from '@rivulet/time'
import type { JobReport, RoleReport } from './store.ts'

/** What the background of one process did last, for its report. */
export class JobLog {
  readonly #last = new Map<string, JobReport>()

  /** To be handed to whatever works under this name. */
  watch(name: string): JobWatch {
    return ({ startedAtMs, endedAtMs, nextAtMs, error }) => void this.#last.set(name, { name, startedAtMs, endedAtMs, nextAtMs, error: error ?? null })
  }

  list(): readonly JobReport[] {
    return [...this.#last.values()]
  }
}

/** Of all processes the last turn of each job, by name. */
export function jobsOf(reports: readonly RoleReport[]): readonly JobReport[] {
  const last = new Map<string, JobReport>()
  for (const job of reports.flatMap(({ jobs }) => jobs)) if ((last.get(job.name)?.endedAtMs ?? -1) < job.endedAtMs) last.set(job.name, job)
  return [...last.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1))
}
