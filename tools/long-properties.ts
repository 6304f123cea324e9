/** In `pnpm test:long` every property tries ten times as many cases as it says, or as is usual. */
import type * as FastCheck from 'fast-check'
import { vi } from 'vitest'

const timesLong = 10
const casesUsual = 100

if (process.env['RIVULET_TEST_LONG'] === '1') {
  vi.doMock('fast-check', async (importOriginal) => {
    const original = await importOriginal<typeof FastCheck>()
    const more = <Values>(given: FastCheck.Parameters<Values> | undefined): FastCheck.Parameters<Values> => ({ ...given, numRuns: (given?.numRuns ?? casesUsual) * timesLong })
    const changed = { ...original, assert: <Values>(property: Parameters<typeof original.assert<Values>>[0], given?: FastCheck.Parameters<Values>) => original.assert(property, more(given)) }
    return { ...changed, default: changed }
  })
}
