import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that mostly wait: for leases, for a killed process's database, for what is far slower than the processor. */
const waiting = /\/tests\/(crash|interop\/two-instances|interop\/configured-peer|roles-database|bad-input-receiver|operations-books)/

/** Short files that take long: without a run before, a file counts as long as its text is. */
const long = /\/tests\/browser\/(operator-face|operator-admin|publisher-face|publisher-pages|subscriber-pages|journey)/

/** Begins with what waits for much real time, so that the others use the processor meanwhile, and goes on with what takes long, so that the run does not end by waiting for one file. */
export default class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder
    const place = ({ moduleId }: TestSpecification): number => (waiting.test(moduleId) ? 0 : long.test(moduleId) ? 1 : 2)
    return (await super.sort(files)).toSorted((one, other) => group(one) - group(other) || place(one) - place(other))
  }
}
