import { type Entrance, personOf } from '@rivulet/accounts'
import { Router } from 'express'

/** Amounts are units in strings. Of a secret only whether it is there. */
export type SettingValue =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'money'; readonly units: string; readonly assetCode: string; readonly assetScale: number }
  | { readonly type: 'percent'; readonly basisPoints: number }
  | { readonly type: 'days'; readonly days: number }
  | { readonly type: 'seconds'; readonly seconds: number }
  | { readonly type: 'flag'; readonly on: boolean }
  | { readonly type: 'secret'; readonly set: boolean }
  | { readonly type: 'none' }

export interface Setting {
  readonly name: string
  /** What it is about, where there are several of the name: a plan, a rail. */
  readonly more?: string
  readonly value: SettingValue
  readonly source: 'file' | 'environment' | 'command-line' | 'secrets' | 'built-in'
  /** Where it is changed: `rivulet.json: payouts.minimum`, `RIVULET_LOG`; empty where it cannot be. */
  readonly at: string
}

export interface SettingGroup {
  readonly name: string
  readonly settings: readonly Setting[]
}

/** GET `/api/settings`: what this process was started with. Nothing of it changes while it runs. */
export function settingsRoutes({ settings, entrance, startedAtMs }: { readonly settings: readonly SettingGroup[]; readonly entrance: Pick<Entrance, 'requireSession'>; readonly startedAtMs: number }): Router {
  const router = Router()
  router.get('/api/settings', entrance.requireSession, (_request, response) => {
    const { name, email } = personOf(response)
    response.set('Cache-Control', 'no-store').json({ person: { name, email }, startedAtMs, groups: settings })
  })
  return router
}

/** What the API reference says of these routes. */
export const settingsApi = {
  'GET /api/settings': { summary: 'The settings of this installation, without secrets.' },
}
