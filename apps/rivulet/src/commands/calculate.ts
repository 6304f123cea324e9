import { Fault } from '@rivulet/faults'
import { type Calculation, calculate, calculationInput } from '@rivulet/funding'
import { Command } from 'commander'
import { printJson } from './options.ts'

const options: readonly (readonly [flag: string, says: string])[] = [
  ['--price <amount>', 'of one purchase'],
  ['--cost <amount>', 'all variable costs of one purchase but fees and the creator’s share'],
  ['--creator-share <part>', 'of the price, 0 to 1'],
  ['--target-margin <part>', 'of the price that shall remain, 0.4 unless told'],
  ['--fixed-cost <amount>', 'of the period'],
  ['--fee-rate <part>', 'that the payment rail takes of a charge'],
  ['--fee-fixed <amount>', 'that it takes besides'],
  ['--purchases-per-charge <number>', 'how many purchases share one charge, 1 unless told'],
  ['--visits <number>', 'of the period'],
  ['--conversion <part>', 'of the visits that buy'],
  ['--investment <amount>', 'put in once'],
  ['--cannibalised <amount>', 'of the period, that other products lose to this one'],
]

/** `rivulet calculate`: break-even, margin, fee ratio and sensitivity of a price. Needs no data folder. */
export function calculateCommand(): Command {
  const command = new Command('calculate').description('break-even, margin, fees and sensitivity of a price, in any one currency').showHelpAfterError('(see rivulet --help)')
  for (const [flag, says] of options) command.option(flag, says)
  return command.option('--json', 'as one line of JSON').action(({ json, ...given }: Record<string, string> & { readonly json?: boolean }) => {
    const parsed = calculationInput.safeParse(given)
    if (!parsed.success) {
      const issue = parsed.error.issues[0]
      throw new Fault('calculation-invalid', `--${(issue?.path.join('.') ?? '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}: ${issue?.message ?? ''}`)
    }
    const answer = calculate(parsed.data)
    if (json === true) printJson(answer)
    else console.log(legible(answer))
  })
}

function legible({ unitMargin, marginRate, targetMet, priceForTarget, costForTarget, priceForMarkUp, breakEvenVolume, targetVolume, fee, profit, returnOnInvestment, paybackPeriods, tornado }: Calculation): string {
  return [
    `margin of one purchase  ${unitMargin} (${marginRate} of the price): the target is ${targetMet ? 'met' : 'missed'}`,
    `target met              ${priceForTarget === null ? 'at no price' : `from a price of ${priceForTarget}`}, ${costForTarget === null ? 'at no cost' : `up to a cost of ${costForTarget}`}`,
    `as a mark-up on costs   ${priceForMarkUp === null ? 'at no price' : `from a price of ${priceForMarkUp}`}`,
    `fixed costs paid        ${breakEvenVolume === null ? 'by no number of purchases' : `after ${breakEvenVolume} purchases`}, with the target margin ${targetVolume === null ? 'by no number' : `after ${targetVolume}`}`,
    `fee of one purchase     ${fee.perPurchase} (${fee.ratio} of the price): ${fee.mark}; purchases in a charge for 20 %: ${fee.purchasesForAlarm ?? 'no number'}, for 15 %: ${fee.purchasesForWarning ?? 'no number'}`,
    `profit of the period    ${profit}`,
    ...(returnOnInvestment === null ? [] : [`return on investment    ${returnOnInvestment} a period: paid back ${paybackPeriods === null ? 'in no number of periods' : `after ${paybackPeriods}`}`]),
    ...tornado.map(({ input, lower, higher }) => `  ${input.padEnd(12)} -20 %: ${lower}   +20 %: ${higher}`),
  ].join('\n')
}
