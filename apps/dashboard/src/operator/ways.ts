/** The operator's pages by what one comes for, in order: path and name. A page of one thing lies below its list, as `/streams/strm_x`. The server serves these paths, the navigation shows them, `main.tsx` says what each loads. */
export const operatorWays = [
  { group: 'now', ways: [['/', 'overview'], ['/streams', 'live'], ['/peers', 'peers']] },
  {
    group: 'money',
    ways: [
      ['/ledger', 'ledger'],
      ['/payouts', 'payouts'],
      ['/reconciliation', 'reconciliation'],
    ],
  },
  { group: 'insight', ways: [['/indicators', 'indicators'], ['/what-if', 'whatIf']] },
  { group: 'people', ways: [['/people', 'people'], ['/subscriptions', 'subscriptions'], ['/operators', 'operators']] },
  {
    group: 'control',
    ways: [
      ['/queues', 'queues'],
      ['/safety', 'safety'],
      ['/audit', 'audit'],
      ['/settings', 'settings'],
    ],
  },
] as const

export type OperatorPath = (typeof operatorWays)[number]['ways'][number][0]

/** The page of the navigation that an address belongs to, and the id of the thing that it is about, if it is about one. */
export function operatorPageAt(address: string): { readonly path: OperatorPath; readonly id: string | undefined } {
  const [, first = '', id] = address.split('/')
  const path = operatorWays.flatMap(({ ways }) => ways.map(([way]) => way)).find((way) => way === `/${first}`)
  return path === undefined ? { path: '/', id: undefined } : { path, id: id === '' ? undefined : id }
}
