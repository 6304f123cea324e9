import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that mostly wait: for leases, for a killed process's database, for what is far slower than the processor. */
const waiting = /\/tests\/(crash|interop\/two-instances|interop\/configured-peer|roles-database|bad-input-receiver|operations-books)/

/** Begins with what waits for much real time, so that the others use the processor meanwhile, and the run does not end by waiting. */
export default class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder
    const place = ({ moduleId }: TestSpecification): number => (waiting.test(moduleId) ? 0 : 1)
    return (await super.sort(files)).toSorted((one, other) => group(one) - group(other) || place(one) - place(other))
  }
}
