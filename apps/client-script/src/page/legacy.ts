/** `document.monetization` as Coil had it and deployed pages still use it: one state, and events of the one current request. */
import type { MonetizationEventData } from '@rivulet/web-monetization'

type State = 'stopped' | 'pending' | 'started'

export interface LegacyRequest {
  readonly requestId: string
  readonly pointer: string
}

const target = Object.assign(new EventTarget(), { state: 'stopped' as State })
let current: LegacyRequest | undefined
let begun = false

export function installLegacy(): void {
  Object.defineProperty(document, 'monetization', { value: target, configurable: true, enumerable: true })
}

function fire(name: string, detail?: object): void {
  if (current) target.dispatchEvent(new CustomEvent(`monetization${name}`, { detail: { paymentPointer: current.pointer, requestId: current.requestId, ...detail } }))
}

/** The request that the events are about; the one before it stops for good. */
export function legacyRequest(request: LegacyRequest | undefined): void {
  if (request === current) return
  legacyStop(true)
  current = request
}

export function legacyPending(): void {
  if (!current || target.state !== 'stopped') return
  begun = true
  target.state = 'pending'
  fire('pending')
}

/** A pause is told once; an end for good is told even after a pause. */
export function legacyStop(finalized: boolean): void {
  if (!(finalized ? begun : target.state !== 'stopped')) return
  begun = !finalized
  target.state = 'stopped'
  fire('stop', { finalized })
}

/** `paused`: a payment that had left already when the page was paused is progress, not a new start. */
export function legacyPaid(requestId: string, data: MonetizationEventData, paused: boolean): void {
  if (current?.requestId !== requestId) return
  if (!paused && target.state !== 'started') {
    legacyPending()
    target.state = 'started'
    fire('start')
  }
  const { amount, assetCode, assetScale, receipt } = data
  fire('progress', { amount, assetCode, assetScale, receipt: receipt ?? undefined })
}
