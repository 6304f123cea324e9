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

function legible({ unitMargin, marginRate, targetMet, priceForTarget, costForTarget, breakEvenVolume, targetVolume, fee, profit, tornado }: Calculation): string {
  const never = 'at no value'
  return [
    `margin of one purchase  ${unitMargin} (${marginRate} of the price): the target is ${targetMet ? 'met' : 'missed'}`,
    `target met from a price of ${priceForTarget ?? never}, up to a cost of ${costForTarget ?? never}`,
    `fixed costs paid after  ${breakEvenVolume ?? 'no number of'} purchases, with the target margin after ${targetVolume ?? 'no number of'}`,
    `fee of one purchase     ${fee.perPurchase} (${fee.ratio} of the price): ${fee.mark}; below 20 % from ${fee.purchasesForAlarm ?? never}, below 15 % from ${fee.purchasesForWarning ?? never} purchases a charge`,
    `profit of the period    ${profit}`,
    ...tornado.map(({ input, lower, higher }) => `  ${input.padEnd(12)} -20 %: ${lower}   +20 %: ${higher}`),
  ].join('\n')
}
