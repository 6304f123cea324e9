export { type Asset, amountMax, checkAmount, formatAmount, MoneyFault, type MoneyFaultCode, parseAmount, parseUnits } from './amount.ts'
export { ceilDivide, floorDivide, multiplyCeil, multiplyFloor, type Ratio, ratioOfDecimal } from './ratio.ts'
