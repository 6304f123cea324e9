/** The one reader of the environment, of the command line's common options and of the installation's file: checks all of it at once and hands out values. */
import { hkdfSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Fault } from '@rivulet/faults'
import { type Tariffs, tariffSchema } from '@rivulet/funding/config'
import { newSecret } from '@rivulet/ids'
import type { InvoiceTerms, PlanSpec } from '@rivulet/funding'
import type { Asset, Ratio } from '@rivulet/money'
import { englishes } from '@rivulet/notify/config'
import type { RateSource } from '@rivulet/peering'
import { z } from 'zod'
import { type PayoutConfig, payoutsOf, payoutsSchema, sandboxPayouts } from './payout-config.ts'

type ConfigFaultCode = 'config-invalid' | 'config-exists' | 'config-missing'
export class ConfigFault extends Fault<ConfigFaultCode> {}

export type RoleName = 'wallet' | 'receiver' | 'operator'

/** Where values were said: names at the top of `rivulet.json` and of `secrets.json`, of the environment, options of the command line. */
export interface Given {
  readonly file: readonly string[]
  readonly environment: readonly string[]
  readonly options: readonly string[]
  readonly secrets: readonly string[]
}

export interface Config {
  /** The sandbox has demo accounts, a sandbox provider, http and loopback; a real installation has none of them. */
  readonly sandbox: boolean
  /** http, ports and private addresses are accepted in pointers and asked: always in the sandbox. */
  readonly allowLocal: boolean
  readonly dataFolder: string
  /** Absent: Rivulet's own PostgreSQL in the data folder. */
  readonly databaseUrl: string | undefined
  readonly listenHost: string
  readonly ports: Readonly<Record<RoleName | 'demo', number>>
  /** What browsers and peers see, without a trailing slash; apart from where the processes listen. */
  readonly publicUrls: Readonly<Record<RoleName | 'demo', string>>
  /** Path of the publisher whom the bare pointer `$host` of the receiver means; nobody unless told. */
  readonly hostPath: string | undefined
  readonly asset: Asset
  /** Units a second. */
  readonly ratePerSecond: bigint
  /** What a sandbox subscriber starts with, units. */
  readonly sandboxBudget: bigint
  /** Of the installation; its roles lie below it. */
  readonly ilpAddress: string
  /** What is kept of each outgoing payment: units, and ten-thousandths of what is debited. */
  readonly paymentFee: { readonly fixed: bigint; readonly basisPoints: bigint }
  readonly ilpAddresses: Readonly<Record<'wallet' | 'receiver', string>>
  readonly payouts: PayoutConfig
  /** What providers and rails take, by their names. */
  readonly tariffs: Tariffs
  /** Exchange between currencies; without a source none is made. */
  readonly exchange: { readonly source: RateSource | undefined; readonly slippage: Ratio }
  /** Where the wallet reaches the receiver's BTP server. */
  readonly receiverBtpUrl: string
  /** How far ahead the wallet holds money and may send, ms. After a crash its streams are settled this much and 5 s later. */
  readonly leaseMs: number
  /** Our own proxies in front, whose X-Forwarded-For is believed. */
  readonly proxyHops: number
  readonly link: 'btp' | 'memory'
  /** So many days after an invitation two operators are one pair of eyes. */
  readonly invitedDays: number
  /** Where e-mail leaves; without it a sandbox keeps a mailbox and an installation writes nobody. */
  readonly mail: { readonly smtpUrl: string; readonly from: string } | undefined
  /** Takes cards in a real installation. */
  readonly stripe: { readonly secretKey: string; readonly webhookSecret: string; readonly apiUrl?: string | undefined; readonly payoutWebhookSecrets?: readonly string[] | undefined } | undefined
  /** What an installation with a provider offers. */
  readonly plans: readonly PlanSpec[]
  /** Who sells, on invoices. */
  readonly invoices: InvoiceTerms
  readonly tls: { readonly certificate: string; readonly key: string } | undefined
  readonly logLevel: string
  readonly secrets: Secrets
  /** Which of it was said where. */
  readonly given: Given
}

const stripeKey = z.string().regex(/^[sr]k_(test|live)_[A-Za-z0-9_]{8,250}$/, 'must be a secret key of Stripe')
const stripeWebhookSecret = z.string().regex(/^whsec_[A-Za-z0-9+/=_-]{8,250}$/, 'must be the signing secret of a webhook endpoint of Stripe')
const stripePayoutSecrets = z.array(stripeWebhookSecret).min(1).max(4)

const base64Url32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url')

const secretsSchema = z.strictObject({
  /** Signs sessions of the accounts library. */
  auth: base64Url32,
  /** Seals STREAM secrets in the ledger's rows. */
  seal: base64Url32,
  /** Derives the receiver's connection secrets; the last key issues, all of them are honoured. */
  receiver: z.array(z.strictObject({ id: z.string().regex(/^[A-Za-z0-9]{1,16}$/), secret: base64Url32 })).min(1).max(16),
  /** The wallet's BTP token at the receiver. */
  peer: base64Url32,
  /** Opens the local control endpoints. */
  control: base64Url32,
  /** Seed of the Ed25519 key with which this installation asks other servers. */
  instance: base64Url32,
  /** Where e-mail leaves, with user and password: smtp://user:password@host:587 or smtps://. RIVULET_SMTP_URL goes before it. */
  stripe: z.strictObject({ secretKey: stripeKey, webhookSecret: stripeWebhookSecret, payoutWebhookSecrets: stripePayoutSecrets.optional() }).optional(),
  smtpUrl: z.url({ protocol: /^smtps?$/ }).optional(),
})
type Secrets = z.infer<typeof secretsSchema>

const origin = z.url({ protocol: /^https?$/ }).transform((text) => new URL(text).origin)

const currency = z.string().regex(/^[A-Z]{3,8}$/)

const units = z.string().regex(/^[1-9][0-9]{0,17}$/, 'must be a whole number of units, more than 0')
const line = z.string().trim().min(1).max(100).regex(/^\P{Cc}*$/u, 'must not hold control characters')

const mailFrom = z.string().max(200).regex(/^([^<>\r\n]{1,100} <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, 'must be `Name <address>` or an address')

/** Part of an agreed rate that may be lost on the way, also where only scales of one currency are exchanged: packets are rounded down there. */
const slippageUsual = '0.01'

/** What a whole unit of `base` is worth in other currencies: a table, or an https address that answers `{"base","rates"}`. */
const exchangeSchema = z
  .strictObject({
    base: currency,
    rates: z.record(currency, z.string().regex(/^(?!0+(\.0+)?$)[0-9]{1,12}(\.[0-9]{1,12})?$/, 'must be a positive decimal as a string')).optional(),
    url: z.url({ protocol: /^https?$/ }).optional(),
    everySeconds: z.int().min(1).max(86_400).default(60),
    /** Older rates are not used. */
    ageSecondsMax: z.int().min(1).max(604_800).default(3_600),
    /** Part of the rate that a payment may lose on its way. */
    slippage: z.string().regex(/^0(\.[0-9]{1,6})?$/, 'must be a decimal from 0 to 0.999999').default(slippageUsual),
  })
  .refine(({ rates, url }) => (rates === undefined) !== (url === undefined), 'names either rates or url')

/** `rivulet.json` in the data folder, written by `rivulet init`. */
const fileSchema = z.strictObject({
  /** A sandbox of another currency or address than the first one: demo accounts, http, loopback; URLs follow --port. */
  sandbox: z.literal(false).default(false),
  publicUrls: z.strictObject({ wallet: origin, receiver: origin, operator: origin }),
  asset: z.strictObject({ code: z.string().regex(/^[A-Z]{3,8}$/), scale: z.int().min(1).max(12) }).default({ code: 'EUR', scale: 9 }),
  ratePerSecond: z.string().regex(/^[1-9][0-9]{0,15}$/).default('100000'),
  ilpAddress: z.string().regex(/^[a-zA-Z0-9._~-]{3,200}$/),
  exchange: exchangeSchema.optional(),
  /** Path of the publisher whom the bare pointer `$host` of the receiver means. */
  hostPath: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'must be the path of a wallet address').optional(),
  /** From whom e-mail comes: `Name <address>` or an address. */
  mailFrom: mailFrom.optional(),
  /** What subscribers may choose once cards can be charged; amounts in units of the asset. */
  plans: z
    .array(
      z.strictObject({
        key: z.string().regex(/^[a-z0-9-]{1,40}$/), name: line, price: units, period: z.enum(['month', 'year']).default('month'), feeBasisPoints: z.int().min(0).max(10_000).default(0), rate: units, trialDays: z.int().min(0).max(365).default(0), pacing: z.enum(['stream', 'stretch']).default('stream'), pool: z.enum(['none', 'pro-rata', 'user-centric']).default('none'),
      }),
    )
    .max(20)
    .refine((plans) => new Set(plans.map(({ key }) => key)).size === plans.length, 'each key must stand for one plan')
    .default([]),
  /** Who sells, on invoices; the VAT is contained in every price. */
  invoices: z
    .strictObject({
      seller: z.strictObject({ name: line, address: z.array(line).max(8).default([]), vatId: line.optional() }),
      prefix: z.string().regex(/^[A-Za-z0-9._/-]{0,20}$/).default('RIV-'),
      vatBasisPoints: z.int().min(0).max(10_000).default(0),
    })
    .optional(),
  /** Whose English days and amounts are written in, on documents and in mails. */
  english: z.enum(englishes).optional(),
  paymentFee: z.strictObject({ fixed: z.string().regex(/^(0|[1-9][0-9]{0,15})$/), basisPoints: z.int().min(0).max(5_000) }).optional(),
  payouts: payoutsSchema.optional(),
  /** For so many days after one operator has invited another, neither approves what the other asked for. */
  fourEyes: z.strictObject({ invitedDays: z.int().min(0).max(365).default(7) }).prefault({}),
  tariffs: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/), tariffSchema).optional(),
})
const sandboxFileSchema = fileSchema.extend({ sandbox: z.literal(true), publicUrls: z.undefined().optional() })
export type InstallationFile = z.infer<typeof fileSchema>

const port = z.coerce.number().int().min(0).max(65_532)

const environmentSchema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  RIVULET_LISTEN: z.string().min(1).optional(),
  RIVULET_BTP_URL: z.url({ protocol: /^wss?$/ }).optional(),
  RIVULET_PROXY_HOPS: z.coerce.number().int().min(0).max(5).default(0),
  RIVULET_LEASE_SECONDS: z.coerce.number().int().min(30).max(3_600).default(60),
  RIVULET_STRIPE_SECRET_KEY: stripeKey.optional(),
  RIVULET_STRIPE_WEBHOOK_SECRET: stripeWebhookSecret.optional(),
  /** One for each endpoint, with commas between them. */
  RIVULET_STRIPE_PAYOUT_WEBHOOK_SECRETS: z.string().transform((text) => text.split(',')).pipe(stripePayoutSecrets).optional(),
  RIVULET_STRIPE_API_URL: z.url({ protocol: /^https?$/ }).optional(),
  RIVULET_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  RIVULET_MAIL_FROM: mailFrom.optional(),
  RIVULET_LOG: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
})

/** What the command line says. */
export interface ConfigOptions {
  readonly data?: string | undefined
  readonly port?: string | undefined
  readonly link?: string | undefined
  readonly tls?: readonly string[] | undefined
  readonly allowLocal?: boolean | undefined
}

export const defaultDataFolder = '.rivulet'

export function dataFolderOf(options: ConfigOptions): string {
  return resolve(options.data ?? defaultDataFolder)
}

/**
 * Reads everything, or throws `config-invalid` with every fault in it. Without an installation's file it is the sandbox, and secrets are made at the first
 * start.
 */
export function readConfig(options: ConfigOptions): Config {
  const dataFolder = dataFolderOf(options)
  const environment = check(environmentSchema, process.env, 'the environment')
  const base = check(port, options.port ?? '4000', '--port')
  const link = check(z.enum(['btp', 'memory']), options.link ?? 'btp', '--link')
  const tls = readTls(options.tls)
  const file = readInstallation(dataFolder)
  const sandbox = file === undefined || file.sandbox
  const listenHost = environment.RIVULET_LISTEN ?? (sandbox ? '127.0.0.1' : '0.0.0.0')
  const ports = base === 0 ? { wallet: 0, receiver: 0, operator: 0, demo: 0 } : { wallet: base, receiver: base + 1, operator: base + 2, demo: base + 3 }
  const address = file?.ilpAddress ?? 'test.rivulet'
  const secrets = readSecrets(dataFolder, sandbox)
  const asset = file?.asset ?? { code: 'EUR', scale: 9 }
  const tariffs: Tariffs = file?.tariffs ?? (sandbox ? { sandbox: { rate: '0.015', fixed: '0.25' } } : {})
  const said = (of: object | undefined): readonly string[] => Object.entries(of ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  return {
    sandbox,
    allowLocal: sandbox || options.allowLocal === true,
    dataFolder,
    databaseUrl: environment.DATABASE_URL,
    listenHost,
    ports,
    publicUrls: file === undefined || file.sandbox ? sandboxUrls(ports) : { ...file.publicUrls, demo: '' },
    hostPath: file?.hostPath,
    asset,
    ratePerSecond: BigInt(file?.ratePerSecond ?? '100000'),
    sandboxBudget: 5_000_000_000n,
    ilpAddress: address,
    payouts: file?.payouts === undefined && sandbox ? sandboxPayouts(asset, tariffs) : payoutsOf(file?.payouts, asset, tariffs),
    tariffs,
    exchange: exchangeOf(file?.exchange),
    paymentFee: { fixed: BigInt(file?.paymentFee?.fixed ?? '0'), basisPoints: BigInt(file?.paymentFee?.basisPoints ?? 0) },
    ilpAddresses: { wallet: `${address}.wallet`, receiver: `${address}.receiver` },
    receiverBtpUrl: environment.RIVULET_BTP_URL ?? `ws://127.0.0.1:${ports.receiver}/btp`,
    proxyHops: environment.RIVULET_PROXY_HOPS,
    leaseMs: environment.RIVULET_LEASE_SECONDS * 1_000,
    link,
    invitedDays: file?.fourEyes.invitedDays ?? 7,
    tls,
    logLevel: environment.RIVULET_LOG,
    mail: mailOf(environment.RIVULET_SMTP_URL ?? secrets.smtpUrl, environment.RIVULET_MAIL_FROM ?? file?.mailFrom),
    stripe: stripeOf(environment, secrets),
    plans: (file?.plans ?? []).map((plan, index) => ({ ...plan, price: chargeable(BigInt(plan.price), asset, `plans.${index}.price`), rate: BigInt(plan.rate), asset })),
    invoices: {
      ...(file?.invoices ?? { seller: { name: file === undefined || file.sandbox ? 'Rivulet sandbox' : new URL(file.publicUrls.wallet).host, address: [] }, prefix: 'RIV-', vatBasisPoints: 0 }),
      english: file?.english ?? (asset.code === 'USD' ? 'en-US' : 'en-GB'),
    },
    secrets,
    given: { file: file === undefined ? [] : said(readJson(join(dataFolder, 'rivulet.json')) as object), environment: said(process.env), options: said(options), secrets: said(secrets) },
  }
}

/** The demo site is on another site than the services, so that cookies and frames behave as they do between strangers. */
export function sandboxUrls(ports: Config['ports']): Config['publicUrls'] {
  const url = (host: string, number: number): string => `http://${host}:${number}`
  return { wallet: url('localhost', ports.wallet), receiver: url('localhost', ports.receiver), operator: url('localhost', ports.operator), demo: url('127.0.0.1', ports.demo) }
}

/** Writes the file and the secrets of a real installation, mode 0600. Throws `config-exists` rather than touch what is there. */
export function writeInstallation(dataFolder: string, file: z.input<typeof fileSchema>): InstallationFile {
  const checked = check(fileSchema, file, 'the answers')
  const path = join(dataFolder, 'rivulet.json')
  if (existsSync(path)) throw new ConfigFault('config-exists', `${path} is there already: edit it, or choose another folder with --data`)
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
  readSecrets(dataFolder, true)
  writeFileSync(path, `${JSON.stringify(checked, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
  return checked
}

function readInstallation(dataFolder: string): InstallationFile | z.infer<typeof sandboxFileSchema> | undefined {
  const path = join(dataFolder, 'rivulet.json')
  if (!existsSync(path)) return undefined
  const file = readJson(path)
  const isSandbox = typeof file === 'object' && file !== null && 'sandbox' in file && file.sandbox === true
  return isSandbox ? check(sandboxFileSchema, file, path) : check(fileSchema, file, path)
}

/** Cards are charged whole hundredths. Throws `config-invalid`. */
function chargeable(price: bigint, { code, scale }: Asset, field: string): bigint {
  if (scale > 2 && price % 10n ** BigInt(scale - 2) !== 0n) throw new ConfigFault('config-invalid', `${field}: must be whole hundredths of 1 ${code}, since no card can be charged less`)
  return price
}

function stripeOf({ RIVULET_STRIPE_SECRET_KEY: secretKey, RIVULET_STRIPE_WEBHOOK_SECRET: webhookSecret, RIVULET_STRIPE_PAYOUT_WEBHOOK_SECRETS: payoutWebhookSecrets, RIVULET_STRIPE_API_URL: apiUrl }: z.infer<typeof environmentSchema>, { stripe }: Secrets): Config['stripe'] {
  if ((secretKey === undefined) !== (webhookSecret === undefined)) throw new ConfigFault('config-invalid', 'Stripe needs both RIVULET_STRIPE_SECRET_KEY and RIVULET_STRIPE_WEBHOOK_SECRET')
  const keys = secretKey === undefined || webhookSecret === undefined ? stripe : { secretKey, webhookSecret, payoutWebhookSecrets }
  if (apiUrl !== undefined && keys?.secretKey.includes('_live_') === true) throw new ConfigFault('config-invalid', 'RIVULET_STRIPE_API_URL is for keys of Stripe’s test mode: a live key is sent to Stripe alone')
  return keys && { ...keys, apiUrl }
}

function mailOf(smtpUrl: string | undefined, from: string | undefined): Config['mail'] {
  if (smtpUrl === undefined) return undefined
  if (from === undefined) throw new ConfigFault('config-invalid', 'e-mail needs a sender: name one in RIVULET_MAIL_FROM, or as mailFrom in rivulet.json')
  return { smtpUrl, from }
}

function exchangeOf(given: z.infer<typeof exchangeSchema> | undefined): Config['exchange'] {
  const decimals = (given?.slippage ?? slippageUsual).split('.')[1] ?? ''
  const slippage = { numerator: BigInt(`0${decimals}`), denominator: 10n ** BigInt(decimals.length) }
  if (given === undefined) return { source: undefined, slippage }
  const { base, rates, url = '', everySeconds, ageSecondsMax } = given
  return { source: rates === undefined ? { base, url, everyMs: everySeconds * 1_000, ageMsMax: ageSecondsMax * 1_000 } : { base, rates }, slippage }
}

function readSecrets(dataFolder: string, make: boolean): Secrets {
  const path = join(dataFolder, 'secrets.json')
  if (!existsSync(path)) {
    if (!make) throw new ConfigFault('config-missing', `${path} is missing: copy it from the machine where \`rivulet init\` ran, or run it`)
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    const secrets: Secrets = { auth: newSecret(), seal: newSecret(), receiver: [{ id: '1', secret: newSecret() }], peer: newSecret(), control: newSecret(), instance: newSecret() }
    writeFileSync(path, `${JSON.stringify(secrets, undefined, 2)}\n`, { mode: 0o600, flag: 'wx' })
  }
  return check(secretsSchema, withInstanceKey(readJson(path)), path)
}

/** Files of earlier versions have no seed of the instance key: it is derived, so that all machines of an installation have the same. */
function withInstanceKey(file: unknown): unknown {
  if (typeof file !== 'object' || file === null || 'instance' in file || !('auth' in file) || typeof file.auth !== 'string') return file
  return { ...file, instance: Buffer.from(hkdfSync('sha256', Buffer.from(file.auth, 'base64url'), '', 'rivulet instance key', 32)).toString('base64url') }
}

function readTls(files: readonly string[] | undefined): Config['tls'] {
  if (files === undefined) return undefined
  const [certificate, key] = files
  if (certificate === undefined || key === undefined) throw new ConfigFault('config-invalid', '--tls takes two files: the certificate chain and its key')
  try {
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
  } catch (error) {
    throw new ConfigFault('config-invalid', `--tls: ${(error as Error).message}`, { cause: error })
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigFault('config-invalid', `${path} is not readable JSON: ${(error as Error).message}`, { cause: error })
  }
}

function check<Output>(schema: z.ZodType<Output>, value: unknown, where: string): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ConfigFault('config-invalid', `${where}: ${result.error.issues.map((issue) => `${issue.path.length === 0 ? '' : `${issue.path.join('.')}: `}${issue.message}`).join('; ')}`)
}
