/** Whether the money is safe, and what needs an operator: pure functions from what was checked and measured. */
import type { VerifyReport } from '@rivulet/ledger'
import type { Reconciliation } from '@rivulet/payout'
import type { Checked } from './background-check.ts'
import type { LinkState, Percentiles } from './measured.ts'

type CheckName = 'books' | 'chains' | 'clearing' | 'reconciliation'

interface SafetyCheck {
  readonly name: CheckName
  readonly state: 'right' | 'wrong' | 'old' | 'unknown'
  /** ms since it was checked; null: not yet. */
  readonly checkedAgoMs: number | null
  /** The first thing that is wrong. */
  readonly problem: string | null
}

export interface Safety {
  /** `danger`: the books themselves are wrong. `attention`: money is not where it should be by now, or nobody has looked for long. */
  readonly light: 'safe' | 'attention' | 'danger' | 'unknown'
  readonly checks: readonly SafetyCheck[]
  /** ms since the end of the youngest statement that was compared with the books; null: none was ever given. */
  readonly comparedAgoMs: number | null
}

/** A check that is older than this proves nothing about now. */
const oldMs = 3_600_000

export function safetyOf(books: Checked<VerifyReport> | undefined, reconciliation: Checked<Reconciliation> | undefined, nowMs: number): Safety {
  const check = (name: CheckName, checked: Checked<unknown> | undefined, problem: string | undefined): SafetyCheck => {
    const checkedAgoMs = checked === undefined ? null : Math.max(0, nowMs - checked.checkedAtMs)
    const state = checkedAgoMs === null ? 'unknown' : problem !== undefined ? 'wrong' : checkedAgoMs > oldMs ? 'old' : 'right'
    return { name, state, checkedAgoMs, problem: problem ?? null }
  }
  const problems = books?.report.problems ?? []
  const first = (chains: boolean): string | undefined => {
    const problem = problems.find(({ check: name }) => name.startsWith('chains-') === chains)
    return problem && `${problem.check}: ${problem.row}: ${problem.message}`
  }
  const late = reconciliation?.report.clearing.find(({ late: items, unexplained }) => items.length > 0 || unexplained !== 0n)
  const differing = reconciliation?.report.comparisons.find(({ findings }) => findings.length > 0)
  const checks = [
    check('books', books, first(false)),
    check('chains', books, first(true)),
    check('clearing', reconciliation, late?.name),
    check('reconciliation', reconciliation, differing && `${differing.between.join(' / ')}: ${differing.findings[0]?.reference ?? ''}`),
  ]
  const has = (state: SafetyCheck['state']): boolean => checks.some((one) => one.state === state)
  const light = checks.some(({ name, state }) => state === 'wrong' && (name === 'books' || name === 'chains')) ? 'danger' : has('wrong') || has('old') ? 'attention' : has('unknown') ? 'unknown' : 'safe'
  const compared = (reconciliation?.report.comparisons ?? []).flatMap(({ untilMs }) => (untilMs === null ? [] : [untilMs]))
  return { light, checks, comparedAgoMs: compared.length === 0 ? null : Math.max(0, nowMs - Math.max(...compared)) }
}

type AlertCode = 'books-wrong' | 'chains-wrong' | 'clearing-wrong' | 'reconciliation-wrong' | 'check-old' | 'wallet-silent' | 'receiver-silent' | 'link-down' | 'peer-away' | 'payments-late' | 'commits-slow' | 'streams-waiting' | 'rejects-many' | 'doubts-many'

export interface Alert {
  readonly code: AlertCode
  readonly level: 'danger' | 'warning'
  /** What it is about: a row, a peer, a figure. */
  readonly about: string
  /** Since when, where that is known; ms since 1970. */
  readonly sinceMs?: number
}

export interface Measures {
  readonly roles: readonly string[]
  readonly lateness: Percentiles | null
  readonly commits: Percentiles | null
  readonly links: readonly LinkState[]
  readonly packetsPerSecond: number
  readonly rejectsPerSecond: number
  readonly streamsOpen: number
  readonly streamsInDoubt: number
  /** Streams whose link takes no more packets now. */
  readonly streamsWaiting: number
}

/** Whom a link of our own leads to, by the names that they have there. */
const ownRoles = ['wallet', 'receiver']
const lateMs = 1_000
const slowMs = 250
/** Of the packets of a second. */
const rejectsPart = 0.05
const doubtsPart = 0.01
const waitingPart = 0.05

/** What needs somebody now, the worst first. */
export function alertsOf(safety: Safety, measures: Measures): readonly Alert[] {
  const alerts: Alert[] = []
  const add = (code: AlertCode, level: Alert['level'], about: string, more: Pick<Alert, 'sinceMs'> = {}): void => void alerts.push({ code, level, about, ...more })
  for (const { name, state, problem } of safety.checks) if (state === 'wrong') add(`${name}-wrong`, name === 'clearing' || name === 'reconciliation' ? 'warning' : 'danger', problem ?? '')
  const runs = (role: string): boolean => measures.roles.includes(role) || measures.roles.includes('up')
  if (!runs('wallet')) add('wallet-silent', 'danger', 'wallet')
  if (!runs('receiver')) add('receiver-silent', 'danger', 'receiver')
  // Between our own roles nothing flows without it. At another operator's nothing is lost: what is not sent stays where it is, unless something already on its way waits for an answer.
  for (const { peer, up, sinceMs } of measures.links) {
    const own = ownRoles.includes(peer)
    if (!up) add(own ? 'link-down' : 'peer-away', own || measures.streamsInDoubt > 0 ? 'danger' : 'warning', peer, sinceMs === undefined ? {} : { sinceMs })
  }
  for (const { name, state } of safety.checks) if (state === 'old') add('check-old', 'warning', name)
  if (measures.lateness !== null && measures.lateness.p99 > lateMs) add('payments-late', 'warning', `${Math.round(measures.lateness.p99)} ms`)
  if (measures.commits !== null && measures.commits.p95 > slowMs) add('commits-slow', 'warning', `${Math.round(measures.commits.p95)} ms`)
  if (measures.streamsWaiting > 10 && measures.streamsWaiting > waitingPart * measures.streamsOpen) add('streams-waiting', 'warning', String(measures.streamsWaiting))
  if (measures.rejectsPerSecond > 1 && measures.rejectsPerSecond > rejectsPart * measures.packetsPerSecond) add('rejects-many', 'warning', `${Math.round(measures.rejectsPerSecond)}/s`)
  if (measures.streamsInDoubt > 10 && measures.streamsInDoubt > doubtsPart * measures.streamsOpen) add('doubts-many', 'warning', String(measures.streamsInDoubt))
  return alerts.toSorted((one, other) => Number(one.level === 'warning') - Number(other.level === 'warning'))
}
