/**
 * One request to pay (one monetized element of one page), as a pure machine: every state and event gives the next state and what to do.
 * Who may pay, and how fast, is decided elsewhere (attention.ts) and arrives here as a permit.
 */
import { assertNever } from '@rivulet/faults'

/** Why a request that could pay does not pay now. Stable codes: pages and people see them. */
export type PauseReason =
  | 'not-connected'
  | 'hidden'
  | 'other-page'
  | 'site-blocked'
  | 'site-cap-reached'
  | 'budget-spent'
  | 'wallet-paused'
  /** The operator has frozen the payer. */
  | 'person-frozen'
  /** The operator has stopped all streams. */
  | 'streams-stopped'
  | 'wallet-unavailable'
  | 'receiver-unreachable'

/** Why a request is over. Stable codes: pages and people see them. */
export type StopReason =
  | 'stopped'
  | 'disconnected'
  | 'receiver-unreachable'
  | 'receiver-refused'
  | 'receiver-misbehaved'
  | 'asset-unsupported'
  | 'no-route'
  | 'rate-unknown'
  | 'rate-too-low'
  | 'wallet-stopping'

/** `rate` is source units a second. */
export type Permit = { readonly rate: bigint } | { readonly reason: PauseReason }

type Phase =
  /** The pointer is looked up for the first time. */
  | { readonly name: 'resolving' }
  /** Looked up; no stream. */
  | { readonly name: 'idle' }
  /** Credentials and hold are under way. */
  | { readonly name: 'opening'; readonly rate: bigint }
  | { readonly name: 'paying'; readonly rate: bigint }
  /** The stream stands still, and is closed when it stood too long. */
  | { readonly name: 'paused'; readonly sinceMs: number }
  /** Something failed that may heal: the next try is at `untilMs`. */
  | { readonly name: 'waiting'; readonly untilMs: number; readonly reason: PauseReason }
  | { readonly name: 'over' }

export interface SessionState {
  readonly phase: Phase
  readonly permit: Permit
  /** Failures in a row. */
  readonly failures: number
  /** The bookings of the stream wait for the database: it must not send. */
  readonly stalled: boolean
  /** What the agent was told last. */
  readonly told: 'nothing' | 'running' | PauseReason
}

export type SessionEvent =
  | { readonly type: 'resolved' }
  | { readonly type: 'unresolved'; readonly code: string; readonly message: string }
  | { readonly type: 'permit'; readonly permit: Permit }
  | { readonly type: 'opened' }
  /** The stream could not be opened, or ended by itself. A `StopReason` of `lasting` ends the request. */
  | { readonly type: 'broken'; readonly lasting: StopReason }
  | { readonly type: 'broken'; readonly passing: PauseReason }
  | { readonly type: 'paid' }
  | { readonly type: 'stalled'; readonly stalled: boolean }
  /** The budget nears its end: what the stream holds goes back, and it begins anew with little. */
  | { readonly type: 'share-funds' }
  | { readonly type: 'tick' }
  | { readonly type: 'stop'; readonly reason: StopReason }

export type SessionEffect =
  | { readonly type: 'resolve' }
  /** `after`: once the stream that was closed before has given back what it held. */
  | { readonly type: 'open'; readonly rate: bigint; readonly after?: 'settled' }
  | { readonly type: 'rate'; readonly rate: bigint }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'close'; readonly reason: string }
  | { readonly type: 'tell'; readonly tell: 'loaded' | 'resumed' }
  | { readonly type: 'tell'; readonly tell: 'failed'; readonly code: string; readonly message: string }
  | { readonly type: 'tell'; readonly tell: 'paused'; readonly reason: PauseReason }
  | { readonly type: 'tell'; readonly tell: 'stopped'; readonly reason: StopReason }

export interface Transition {
  readonly state: SessionState
  readonly effects: readonly SessionEffect[]
}

/** A stream that stood still this long is closed; going on takes fresh credentials. */
export const pauseMaxMs = 30_000
/** A receiver that failed this often in a row is given up. */
export const failuresMax = 6
const backOffMinMs = 2_000
const backOffMaxMs = 60_000
/** How long before a wallet whose database is away tries again. */
const unavailableRetryMs = 3_000

/** A new request: its pointer is looked up first, whoever may pay. */
export function begin(permit: Permit): Transition {
  return { state: { phase: { name: 'resolving' }, permit, failures: 0, stalled: false, told: 'nothing' }, effects: [{ type: 'resolve' }] }
}

/** @param nowMs milliseconds since 1970 */
export function next(state: SessionState, event: SessionEvent, nowMs: number): Transition {
  const { phase } = state
  if (phase.name === 'over') return { state, effects: [] }
  switch (event.type) {
    case 'resolved':
      return phase.name === 'resolving' ? settle({ ...state, phase: { name: 'idle' } }, nowMs, [{ type: 'tell', tell: 'loaded' }]) : { state, effects: [] }
    case 'unresolved':
      if (phase.name !== 'resolving') return { state, effects: [] }
      return { state: { ...state, phase: { name: 'over' } }, effects: [{ type: 'tell', tell: 'failed', code: event.code, message: event.message }] }
    case 'permit':
      return settle({ ...state, permit: event.permit }, nowMs, [])
    case 'opened':
      return phase.name === 'opening' ? settle({ ...state, phase: { name: 'paying', rate: phase.rate } }, nowMs, []) : { state, effects: [] }
    case 'broken':
      if (!hasStream(state)) return { state, effects: [] }
      return 'lasting' in event ? end(state, event.lasting, []) : broken({ ...state, stalled: false }, event.passing, nowMs)
    case 'paid': {
      const back = phase.name === 'paying' && state.told === 'receiver-unreachable'
      return { state: { ...state, failures: 0, told: back ? 'running' : state.told }, effects: back ? [{ type: 'tell', tell: 'resumed' }] : [] }
    }
    case 'stalled':
      return hasStream(state) ? settle({ ...state, stalled: event.stalled }, nowMs, []) : { state, effects: [] }
    case 'share-funds':
      return shareFunds(state, nowMs)
    case 'tick':
      return tick(state, nowMs)
    case 'stop':
      return end(state, event.reason, hasStream(state) ? [{ type: 'close', reason: event.reason }] : [])
    default:
      return assertNever(event)
  }
}

/** Whether a stream exists or is being made. */
export function hasStream({ phase }: SessionState): boolean {
  return phase.name === 'opening' || phase.name === 'paying' || phase.name === 'paused'
}

function end(state: SessionState, reason: StopReason, effects: readonly SessionEffect[]): Transition {
  return { state: { ...state, phase: { name: 'over' }, stalled: false }, effects: [...effects, { type: 'tell', tell: 'stopped', reason }] }
}

function broken(state: SessionState, reason: PauseReason, nowMs: number): Transition {
  if (reason === 'budget-spent') return settle({ ...state, phase: { name: 'idle' }, permit: { reason } }, nowMs, [])
  if (reason === 'wallet-unavailable') return settle({ ...state, phase: { name: 'waiting', untilMs: nowMs + unavailableRetryMs, reason } }, nowMs, [])
  const failures = state.failures + 1
  if (failures >= failuresMax) return end(state, 'receiver-unreachable', [])
  const untilMs = nowMs + Math.min(backOffMaxMs, backOffMinMs * 2 ** (failures - 1))
  return settle({ ...state, failures, phase: { name: 'waiting', untilMs, reason } }, nowMs, [])
}

function shareFunds(state: SessionState, nowMs: number): Transition {
  const { phase } = state
  const close: SessionEffect = { type: 'close', reason: 'funds-shared' }
  if (phase.name === 'paused') return settle({ ...state, phase: { name: 'idle' }, stalled: false }, nowMs, [close])
  if (phase.name !== 'paying') return { state, effects: [] }
  return { state: { ...state, phase: { name: 'opening', rate: phase.rate } }, effects: [close, { type: 'open', rate: phase.rate, after: 'settled' }] }
}

function tick(state: SessionState, nowMs: number): Transition {
  const { phase } = state
  if (phase.name === 'waiting' && nowMs >= phase.untilMs) return settle({ ...state, phase: { name: 'idle' } }, nowMs, [])
  if (phase.name === 'paused' && nowMs - phase.sinceMs >= pauseMaxMs) {
    return settle({ ...state, phase: { name: 'idle' }, stalled: false }, nowMs, [{ type: 'close', reason: 'paused' }])
  }
  return { state, effects: [] }
}

/** Brings the stream, and what the agent knows, into line with the permit. */
function settle(state: SessionState, nowMs: number, before: readonly SessionEffect[]): Transition {
  const effects = [...before]
  const permit: Permit = state.stalled ? { reason: 'wallet-unavailable' } : state.permit
  let { phase, told } = state
  if ('rate' in permit) {
    const { rate } = permit
    if (phase.name === 'idle') {
      phase = { name: 'opening', rate }
      effects.push({ type: 'open', rate })
    } else if (phase.name === 'paused') {
      phase = { name: 'paying', rate }
      effects.push({ type: 'rate', rate }, { type: 'resume' })
    } else if (phase.name === 'paying' && phase.rate !== rate) {
      phase = { name: 'paying', rate }
      effects.push({ type: 'rate', rate })
    }
  } else if (phase.name === 'paying') {
    phase = { name: 'paused', sinceMs: nowMs }
    effects.push({ type: 'pause' })
  }
  if (phase.name !== 'resolving') {
    const reason = 'reason' in permit ? permit.reason : phase.name === 'waiting' ? phase.reason : undefined
    if (reason !== undefined && reason !== told && !(reason === 'not-connected' && told === 'nothing')) {
      effects.push({ type: 'tell', tell: 'paused', reason })
      told = reason
      // A receiver that could not be reached is believed to be back once it took money.
    } else if (phase.name === 'paying' && told !== 'running' && told !== 'receiver-unreachable') {
      if (told !== 'nothing') effects.push({ type: 'tell', tell: 'resumed' })
      told = 'running'
    }
  }
  return { state: { ...state, phase, told }, effects }
}
