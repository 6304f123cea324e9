export { calculate, type Calculation, calculationInput } from './economics/calculation.ts'
