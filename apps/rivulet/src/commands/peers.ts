import { Ledger } from '@rivulet/ledger'
import { formatAmount } from '@rivulet/money'
import type { Operator, Peers, PeerView } from '@rivulet/peering'
import { systemClock } from '@rivulet/time'
import { Command } from 'commander'
import { type ConfigOptions, readConfig } from '../config.ts'
import { openCommandDatabase } from '../database.ts'
import { openPeers } from '../peers.ts'
import { commandOf, printJson } from './options.ts'

type Options = ConfigOptions & { readonly json?: boolean }

interface LimitOptions extends Options {
  readonly packetMax?: string
  readonly perSecond?: string
  readonly burst?: string
  readonly pace?: string
  readonly owedMax?: string
  readonly settleAt?: string
}

interface AddOptions extends LimitOptions {
  readonly btp?: string
  readonly http?: string
  readonly token?: string
  readonly incomingToken?: string
  readonly address?: string
  readonly prefix?: readonly string[]
  readonly asset: string
}

/** Who may run commands here is written down as that. */
const command: Operator = (action) => ({ operator: 'command', ...action })

/** `rivulet peers ...`: with whom we exchange packets. Beside a running server or without one; running servers follow within 5 s. */
export function peersCommand(): Command {
  const peers = new Command('peers').description('other operators with whom packets are exchanged')
  peers.addCommand(
    limited(subcommand('add', 'add a peer; without --btp and --http it connects to us, at /btp of the receiver'))
      .argument('<name>', 'ours for it: lower-case letters, digits, hyphens')
      .requiredOption('--asset <code/scale>', 'what amounts on the link count, for instance USD/9')
      .option('--btp <url>', 'we connect to it there: wss://...')
      .option('--http <url>', 'ILP-over-HTTP: we post to it there; it posts to /ilp of the receiver')
      .option('--token <token>', 'what we say to it')
      .option('--incoming-token <token>', 'what it must say to us; one is made unless told, and shown once')
      .option('--address <ilp>', 'its ILP address; below our own, after its name, unless told')
      .option('--prefix <ilp...>', 'what else lies beyond it')
      .action((name: string, options: AddOptions) => run(options, async (all) => {
        const { peer, incomingToken } = await all.add(specOf(name, options), command)
        if (options.json === true) printJson({ peer, ...(incomingToken !== undefined && { incomingToken }) })
        else {
          show([peer])
          if (incomingToken !== undefined) console.log(`It says this token to us, which is not shown again: ${incomingToken}`)
        }
      })),
  )
  peers.addCommand(subcommand('list', 'all peers, what they owe us and what we owe them').action((options: Options) => run(options, async (all) => {
    const list = await all.list()
    if (options.json === true) printJson({ peers: list })
    else show(list)
  })))
  peers.addCommand(limited(subcommand('limit', 'change the limits that are named')).argument('<name>').action((name: string, options: LimitOptions) => change(options, (all) => all.limit(name, limitsOf(options), command))))
  peers.addCommand(subcommand('pause', 'take nothing from it and send nothing to it').argument('<name>').action((name: string, options: Options) => change(options, (all) => all.pause(name, command))))
  peers.addCommand(subcommand('resume', 'go on after a pause').argument('<name>').action((name: string, options: Options) => change(options, (all) => all.resume(name, command))))
  peers.addCommand(subcommand('remove', 'end its link and routes; its account stays').argument('<name>').action((name: string, options: Options) => change(options, (all) => all.remove(name, command))))
  peers.addCommand(
    subcommand('settle', 'book a payment outside of ILP, once for each key')
      .argument('<name>')
      .argument('<amount>', 'units of the link')
      .requiredOption('--key <key>', 'names this payment for ever, for instance the bank’s reference')
      .option('--received', 'it paid us; else we paid it', false)
      .action((name: string, amount: string, options: Options & { readonly key: string; readonly received: boolean }) => run(options, async (all) => {
        const settled = await all.settle(name, { key: options.key, direction: options.received ? 'received' : 'paid', amount }, command)
        if (options.json === true) printJson(settled)
        else show([settled.peer])
      })),
  )
  return peers
}

function subcommand(name: string, description: string): Command {
  return commandOf(name, description).option('--json', 'as one line of JSON').option('--allow-local', 'accept http and ws; the sandbox always does', false)
}

function limited(command: Command): Command {
  return command
    .option('--packet-max <units>', 'largest amount of one packet')
    .option('--per-second <packets>', 'packets that are taken from it')
    .option('--burst <packets>', 'packets that may come at once')
    .option('--pace <packets>', 'packets a second that it takes from us, evenly spaced; none: no limit')
    .option('--owed-max <units>', 'most that it may owe us')
    .option('--settle-at <units>', 'settlement is due once we owe so much; none: never by itself')
}

async function run(options: Options, work: (peers: Peers) => Promise<void>): Promise<void> {
  const config = readConfig(options)
  await using database = await openCommandDatabase(config)
  await using ledger = await Ledger.open({ postgres: database.postgres, clock: systemClock })
  await work(openPeers(config, { postgres: database.postgres, ledger, clock: systemClock }))
}

function change(options: Options, work: (peers: Peers) => Promise<PeerView>): Promise<void> {
  return run(options, async (all) => {
    const peer = await work(all)
    if (options.json === true) printJson({ peer })
    else show([peer])
  })
}

/** As the schema of a new peer wants it: what is wrong is said there. */
function specOf(name: string, options: AddOptions): object {
  const { btp, http, token, incomingToken, address, prefix, asset } = options
  const [code, scale] = asset.split('/')
  const link = btp !== undefined ? { kind: 'btp-client', url: btp, token, incomingToken } : http !== undefined ? { kind: 'http', url: http, token, incomingToken } : { kind: 'btp-server', incomingToken, token }
  return { name, link: told(link), ...told({ address, prefixes: prefix }), asset: { code, scale: Number(scale) }, limits: limitsOf(options) }
}

function limitsOf({ packetMax, perSecond, burst, pace, owedMax, settleAt }: LimitOptions): object {
  const number = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))
  return told({
    packetAmountMax: packetMax, packetsPerSecondMax: number(perSecond), packetsBurstMax: number(burst), outgoingPacketsPerSecondMax: pace === 'none' ? null : number(pace), owedMax,
    settlementThreshold: settleAt === 'none' ? null : settleAt,
  })
}

function told(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

function show(peers: readonly PeerView[]): void {
  if (peers.length === 0) console.log('No peers.')
  for (const { name, state, link, asset, prefixes, balance, limits, settlementDue } of peers) {
    const amount = (units: string): string => `${formatAmount(BigInt(units), asset)} ${asset.code}`
    console.log(`${name} (${state}, ${link.kind}${link.url === undefined ? '' : ` ${link.url}`})  ${prefixes.join(' ')}`)
    console.log(`  owes us ${amount(balance.owedToUs)} of at most ${amount(limits.owedMax)}; we owe ${amount(balance.owedToPeer)}${settlementDue === '0' ? '' : `: settle ${amount(settlementDue)} now`}`)
  }
}
