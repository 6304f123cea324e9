/** What a server needs to serve the dashboard: where the built files are, which page belongs to which entrance, and the headers they need. Runs in Node. */
import { fileURLToPath } from 'node:url'
import { operatorWays } from './operator/ways.ts'

export type EntranceName = 'wallet' | 'publisher' | 'operator'

/** Everything comes from the entrance's own origin; no script and no style is inline, nothing may frame it, forms post only by script. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface DashboardFiles {
  /** Folder of the built files; absent until `build.ts` has run. */
  readonly folder: string
  /** Below it, the folder of files whose name holds their hash: they may be cached for a year. Served at the same path. */
  readonly assets: string
  /** For each entrance the page, relative to `folder`, and the paths of the server that answer with it. */
  readonly entrances: Readonly<Record<EntranceName, { readonly html: string; readonly paths: readonly string[] }>>
  /**
   * Headers of every page. There is no Cross-Origin-Opener-Policy: the connect popup hands its code to its opener, which is another site.
   */
  readonly headers: Readonly<Record<string, string>>
}

/** Each page of the operator's navigation, and what lies below it. */
const operatorPaths = operatorWays.flatMap(({ ways }) => ways.flatMap(([path]) => (path === '/' ? [path] : [path, `${path}/:id`])))

/** Where mails of every entrance lead. */
const mailedPaths = ['/forgotten', '/reset', '/confirm']
/** Of every entrance: what this is, and its API. */
const openPaths = ['/about', '/reference']

export const dashboardFiles: DashboardFiles = {
  folder: fileURLToPath(new URL('../dist/', import.meta.url)),
  assets: 'assets',
  entrances: {
    wallet: { html: 'wallet.html', paths: ['/', '/connect', '/activity', '/privacy', '/subscription', '/limits', '/tip', '/grants', '/keys', '/security', '/auth/interact/:id/:nonce', ...openPaths, ...mailedPaths] },
    publisher: { html: 'publisher.html', paths: ['/', '/revenue', '/start', '/api-keys', '/sites', '/pointers', '/statements', '/payouts', '/grants', '/keys', '/webhooks', '/security', '/auth/interact/:id/:nonce', ...openPaths, ...mailedPaths] },
    operator: { html: 'operator.html', paths: [...operatorPaths, '/mailbox', '/security', ...openPaths, ...mailedPaths] },
  },
  headers: {
    'content-security-policy': contentSecurityPolicy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  },
}
