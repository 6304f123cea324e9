import { expect, test } from 'vitest'
import { partOf } from './what-if-api.ts'

test.each([['1.5', '0.015'], ['100', '1.00'], ['0', '0.00'], ['40', '0.40'], ['0.25', '0.0025'], ['1234', '12.34'], ['x', 'x'], ['', '']])('%s per cent are %s', (percent, part) => expect(partOf(percent)).toBe(part))
