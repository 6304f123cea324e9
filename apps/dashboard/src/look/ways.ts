import { operatorPageAt, operatorWays } from '../operator/ways.ts'

export type EntranceOfWays = 'wallet' | 'publisher' | 'operator'

/** The pages that stand in the navigation of an entrance, by what one comes for, in order: path and name. The operator's are in `operator/ways.ts`. */
const ownWays = {
  wallet: [
    { group: 'now', ways: [['/', 'wallet'], ['/activity', 'activity']] },
    { group: 'money', ways: [['/subscription', 'plan'], ['/limits', 'limits'], ['/tip', 'tip']] },
    { group: 'access', ways: [['/grants', 'grants'], ['/keys', 'keys']] },
    { group: 'account', ways: [['/security', 'security'], ['/privacy', 'privacy']] },
  ],
  publisher: [
    { group: 'now', ways: [['/', 'income'], ['/revenue', 'revenue']] },
    { group: 'pages', ways: [['/start', 'start'], ['/sites', 'sites'], ['/pointers', 'pointers']] },
    { group: 'money', ways: [['/payouts', 'payouts'], ['/statements', 'statements']] },
    { group: 'servers', ways: [['/webhooks', 'webhooks'], ['/api-keys', 'apiKeys'], ['/reference', 'reference'], ['/grants', 'grants'], ['/keys', 'keys']] },
    { group: 'account', ways: [['/security', 'security']] },
  ],
} as const

type Group = (typeof ownWays)[keyof typeof ownWays][number] | (typeof operatorWays)[number]

export interface WayGroup {
  readonly group: Group['group']
  readonly ways: readonly (readonly [path: string, name: Group['ways'][number][1]])[]
}

/** All of them in their groups. */
export function waysOf(entrance: EntranceOfWays): readonly WayGroup[] {
  return entrance === 'operator' ? operatorWays : ownWays[entrance]
}

/** The page of the navigation that an address belongs to. Undefined for one that has no ways around it, such as a consent: there is one thing to decide. */
export function wayAt(entrance: EntranceOfWays, address: string): string | undefined {
  if (entrance === 'operator') return operatorPageAt(address).path
  return ownWays[entrance].flatMap(({ ways }) => ways.map(([path]): string => path)).find((path) => path === address)
}
