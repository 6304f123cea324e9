import type { Migrations } from '@rivulet/postgres'
import { first } from './first.ts'
import { eighth } from './eighth.ts'
import { fifth } from './fifth.ts'
import { second } from './second.ts'
import { seventh } from './seventh.ts'
import { sixth } from './sixth.ts'
import { fourth } from './fourth.ts'
import { third } from './third.ts'

/** The schema `ledger`: forward only, a step is never changed once it has landed. */
export const ledgerMigrations: Migrations = { schema: 'ledger', steps: [{ name: '0001-first', sql: first }, { name: '0002-exchanges', sql: second }, { name: '0003-incomes', sql: third }, { name: '0004-link-prices', sql: fourth },
    { name: '0005-arrivals', sql: fifth }, { name: '0006-streams-by-day', sql: sixth }, { name: '0007-fees-given-back', sql: seventh }, { name: '0008-splits-that-came-back', sql: eighth }] }
