/** What an installation is set up as, for operators to read: each setting with where it comes from and where it is changed. Of secrets only whether they are there. */
import type { PlanSpec } from '@rivulet/funding'
import type { Setting, SettingGroup, SettingValue } from '@rivulet/operator'
import type { Asset } from '@rivulet/money'
import type { Config, Given } from './config.ts'

const text = (value: string): SettingValue => ({ type: 'text', text: value })
const flag = (on: boolean): SettingValue => ({ type: 'flag', on })
const percent = (basisPoints: number | bigint): SettingValue => ({ type: 'percent', basisPoints: Number(basisPoints) })
const nothing: SettingValue = { type: 'none' }
const optional = (value: string | undefined): SettingValue => (value === undefined ? nothing : text(value))

/** @param plans that are offered: in a sandbox its own */
export function settingsOf(config: Config, given: Given, plans: readonly PlanSpec[]): readonly SettingGroup[] {
  const { asset } = config
  const money = (units: bigint): SettingValue => ({ type: 'money', units: String(units), assetCode: asset.code, assetScale: asset.scale })
  /** In `rivulet.json`, else built in. */
  const file = (name: string, value: SettingValue, at = name, more?: string): Setting => ({ name, value, source: given.file.includes(at.split('.')[0] ?? at) ? 'file' : 'built-in', at: `rivulet.json: ${at}`, ...(more !== undefined && { more }) })
  const environment = (name: string, value: SettingValue, variable: string): Setting => ({ name, value, source: given.environment.includes(variable) ? 'environment' : 'built-in', at: variable })
  const option = (name: string, value: SettingValue, word: string): Setting => ({ name, value, source: given.options.includes(word) ? 'command-line' : 'built-in', at: `--${word}` })
  /** A secret: in the environment, else in `secrets.json`. */
  const secret = (name: string, set: boolean, variable: string, key: string): Setting => ({ name, value: { type: 'secret', set }, source: given.environment.includes(variable) ? 'environment' : given.secrets.includes(key) ? 'secrets' : 'built-in', at: `${variable}, secrets.json: ${key}` })
  const { payouts, exchange, paymentFee, publicUrls, invoices, tariffs } = config
  const { source } = exchange
  return [
    {
      name: 'installation',
      settings: [
        { name: 'sandbox', value: flag(config.sandbox), source: given.file.length > 0 ? 'file' : 'built-in', at: 'rivulet init' },
        file('asset', text(`${asset.code}, ${asset.scale}`)),
        file('ilpAddress', text(config.ilpAddress)),
        ...(['wallet', 'receiver', 'operator'] as const).map((role) => file(`url-${role}`, text(publicUrls[role]), 'publicUrls')),
        file('hostPath', optional(config.hostPath)),
      ],
    },
    {
      name: 'money',
      settings: [
        file('ratePerSecond', money(config.ratePerSecond * 3_600n)),
        file('paymentFeeFixed', money(paymentFee.fixed), 'paymentFee.fixed'),
        file('paymentFeePart', percent(paymentFee.basisPoints), 'paymentFee.basisPoints'),
        file('exchange', source === undefined ? nothing : 'rates' in source ? text(`${source.base}: ${Object.entries(source.rates).map(([code, rate]) => `${code} ${rate}`).join(', ')}`) : text(`${source.base}: ${withoutQuery(source.url)}`)),
        file('slippage', percent((exchange.slippage.numerator * 10_000n) / exchange.slippage.denominator), 'exchange.slippage'),
        { name: 'feeMarkWarning', value: percent(1_500), source: 'built-in', at: '' },
        { name: 'feeMarkAlarm', value: percent(2_000), source: 'built-in', at: '' },
        ...Object.entries(tariffs).map(([name, { rate, fixed }]) => file('tariff', text(`${rate} × + ${fixed} ${asset.code}`), `tariffs.${name}`, name)),
      ],
    },
    {
      name: 'plans',
      settings: plans.flatMap((plan) => [
        file('planPrice', planMoney(plan.price, plan.asset), 'plans', plan.name),
        file('planFee', percent(plan.feeBasisPoints), 'plans', plan.name),
        file('planRate', planMoney(plan.rate * 3_600n, plan.asset), 'plans', plan.name),
        file('planTrial', { type: 'days', days: plan.trialDays }, 'plans', plan.name),
      ]),
    },
    {
      name: 'payouts',
      settings: [
        file('payoutRails', text(payouts.rails.join(', ')), 'payouts'),
        file('payoutMinimum', money(payouts.terms.minimum), 'payouts.minimum'),
        file('approvalAbove', money(payouts.terms.approvalAbove), 'payouts.approvalAbove'),
        file('fourEyesAbove', money(payouts.terms.fourEyesAbove), 'payouts.fourEyesAbove'),
        file('patience', { type: 'days', days: payouts.terms.patienceMs / 86_400_000 }, 'payouts.patienceDays'),
        file('invitedDays', { type: 'days', days: config.invitedDays }, 'fourEyes.invitedDays'),
        ...Object.entries(payouts.terms.fees).flatMap(([rail, { fixed, basisPoints }]) => (payouts.rails.some((name) => name === rail) ? [file('payoutFeeFixed', money(fixed), `payouts.fees.${rail}.fixed`, rail), file('payoutFeePart', percent(basisPoints), `payouts.fees.${rail}.basisPoints`, rail)] : [])),
        file('bank', payouts.bank === undefined ? nothing : text(`${payouts.bank.name}, … ${payouts.bank.iban.slice(-4)}`), 'payouts.bank'),
        file('stripePayouts', flag(payouts.stripe), 'payouts.stripe'),
      ],
    },
    {
      name: 'invoices',
      settings: [
        file('seller', text([invoices.seller.name, ...invoices.seller.address].join(', ')), 'invoices.seller'),
        file('vatId', optional(invoices.seller.vatId), 'invoices.seller.vatId'),
        file('invoicePrefix', text(invoices.prefix), 'invoices.prefix'),
        file('vat', percent(invoices.vatBasisPoints), 'invoices.vatBasisPoints'),
      ],
    },
    {
      name: 'others',
      settings: [
        secret('smtp', config.mail !== undefined, 'RIVULET_SMTP_URL', 'smtpUrl'),
        given.environment.includes('RIVULET_MAIL_FROM') ? environment('mailFrom', optional(config.mail?.from), 'RIVULET_MAIL_FROM') : file('mailFrom', optional(config.mail?.from)),
        secret('stripeKey', config.stripe !== undefined, 'RIVULET_STRIPE_SECRET_KEY', 'stripe'),
        secret('stripeWebhook', config.stripe !== undefined, 'RIVULET_STRIPE_WEBHOOK_SECRET', 'stripe'),
        secret('stripePayoutWebhook', config.stripe?.payoutWebhookSecrets !== undefined, 'RIVULET_STRIPE_PAYOUT_WEBHOOK_SECRETS', 'stripe'),
      ],
    },
    {
      name: 'process',
      settings: [
        { name: 'database', value: { type: 'secret', set: config.databaseUrl !== undefined }, source: given.environment.includes('DATABASE_URL') ? 'environment' : 'built-in', at: 'DATABASE_URL' },
        option('data', text(config.dataFolder), 'data'),
        environment('listen', text(config.listenHost), 'RIVULET_LISTEN'),
        option('ports', text([config.ports.wallet, config.ports.receiver, config.ports.operator].join(', ')), 'port'),
        option('tls', flag(config.tls !== undefined), 'tls'),
        option('link', text(config.link), 'link'),
        environment('proxyHops', text(String(config.proxyHops)), 'RIVULET_PROXY_HOPS'),
        environment('lease', { type: 'seconds', seconds: config.leaseMs / 1_000 }, 'RIVULET_LEASE_SECONDS'),
        environment('log', text(config.logLevel), 'RIVULET_LOG'),
      ],
    },
  ]
}

function planMoney(units: bigint, asset: Asset): SettingValue {
  return { type: 'money', units: String(units), assetCode: asset.code, assetScale: asset.scale }
}

/** A query may hold a key. */
function withoutQuery(url: string): string {
  return url.split('?')[0] ?? ''
}
