export { calculate, type Calculation, calculationInput } from './economics/calculation.ts'
export { Funding, FundingFault, type FundingOptions } from './funding.ts'
export { fundingMigrations } from './migrations.ts'
