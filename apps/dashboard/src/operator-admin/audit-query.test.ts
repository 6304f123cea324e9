import { expect, test } from 'vitest'
import { auditQuery } from './admin-api.ts'

const all = { operator: '', name: '', about: '', result: 'all', fromDay: '', toDay: '', before: undefined }

test('what is not asked for is not in the query; days are whole days of the reader’s own time', () => {
  expect(auditQuery(all)).toBe('')
  const query = new URLSearchParams(auditQuery({ ...all, operator: 'command', about: 'eve', fromDay: '2026-03-01', toDay: '2026-03-02', before: 'audt_1' }))
  expect(Object.fromEntries(query)).toEqual({ operator: 'command', about: 'eve', fromMs: String(new Date(2026, 2, 1).getTime()), toMs: String(new Date(2026, 2, 3).getTime()), before: 'audt_1' })
})
