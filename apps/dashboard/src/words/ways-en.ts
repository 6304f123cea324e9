/** The navigation of each entrance. */
export const waysEn = {
  ways: {
    label: 'Pages', wallet: 'Wallet', activity: 'Activity', plan: 'Plan', limits: 'Limits and sites', tip: 'Tip', grants: 'Apps', keys: 'Keys', security: 'Security', privacy: 'Privacy', webhooks: 'Webhooks', income: 'Income', sites: 'Sites', pointers: 'Pointers and shares', statements: 'Statements', payouts: 'Payouts', live: 'Streams',
    revenue: 'Revenue', start: 'Get started', apiKeys: 'API keys',
    overview: 'Overview', ledger: 'Ledger', peers: 'Peers and links',
    reconciliation: 'Reconciliation',
    indicators: 'Indicators', whatIf: 'What if',
    people: 'People', operators: 'Operators', subscriptions: 'Subscriptions', queues: 'Webhooks and jobs', settings: 'Settings', mailbox: 'Mailbox', safety: 'Stop and correct', audit: 'Audit log',
    reference: 'API reference',
    groups: { access: 'Access', account: 'Account', pages: 'Your pages', servers: 'Servers and apps', insight: 'Insight', now: 'Now', money: 'Money', people: 'People', control: 'Control' },
  },
}
