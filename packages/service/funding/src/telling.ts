/** What a subscriber is written to about her subscription. */
import type { Language, NewMail } from '@rivulet/notify'
import type { SubscriptionRecord } from './funding-store.ts'
import type { SubscriptionEffect } from './subscription.ts'

/** Whom to write to, and where her plan is to be seen. */
export interface Reader {
  readonly name: string
  readonly email: string
  readonly language: Language
  readonly url: string
}

export interface Telling {
  readonly key: string
  readonly what: Extract<SubscriptionEffect, { type: 'tell' }>['what']
  /** The last payment that succeeded. */
  readonly paid: { readonly amount: bigint; readonly paidMs: number } | undefined
}

/** Of a share that came back, units; undefined for less than a cent, which her activity alone says. */
export function shareReturnedMail({ subscription: { plan: { asset }, status } }: SubscriptionRecord, { email: to, language, url }: Reader, { key, amount }: { readonly key: string; readonly amount: bigint }): NewMail | undefined {
  const cent = asset.scale > 2 ? 10n ** BigInt(asset.scale - 2) : 1n
  return amount < cent ? undefined : { key, to, language, template: 'share-returned', fields: { returned: { amount, asset }, running: status !== 'ended', url: new URL('/activity', url).href } }
}

/** Undefined for what her page alone says, or what is news no more. */
export function mailOf({ subscription }: SubscriptionRecord, { email: to, language, url }: Reader, { key, what, paid }: Telling): NewMail | undefined {
  const { plan, nextPlan, status, cancelled, pausing, periodEndsMs, retryAtMs, charging, waitsUntilMs } = subscription
  const common = { key, to, language }
  switch (what) {
    case 'receipt':
      return paid === undefined ? undefined : { ...common, template: 'receipt', fields: { plan: plan.name, paid: { amount: paid.amount, asset: plan.asset }, paidMs: paid.paidMs, url } }
    case 'confirm-payment': {
      if (charging === undefined || waitsUntilMs === undefined) return undefined
      const [of, amount] = charging.kind === 'upgrade' ? [charging.plan, charging.amount] : [plan, plan.price]
      return { ...common, template: 'confirm-payment', fields: { plan: of.name, price: { amount, asset: of.asset }, untilMs: waitsUntilMs, url } }
    }
    case 'renewal-failed':
      return status === 'grace' ? { ...common, template: 'renewal-failed', fields: { plan: plan.name, price: { amount: plan.price, asset: plan.asset }, retryAtMs, url } } : undefined
    case 'ended':
      return { ...common, template: 'subscription-ended', fields: { plan: plan.name, url } }
    case 'trial-ends': {
      if (status !== 'trial' || cancelled || pausing) return undefined
      const first = nextPlan ?? plan
      return { ...common, template: 'trial-ends', fields: { plan: first.name, price: { amount: first.price, asset: first.asset }, period: first.period, endsMs: periodEndsMs, url } }
    }
    case 'paused':
      return undefined
  }
}
