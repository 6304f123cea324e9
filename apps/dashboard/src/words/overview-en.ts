/** The operator's first page. */
export const overviewEn = {
  overview: {
    title: 'Overview',
    light: { safe: 'The money is safe', attention: 'Something needs you', danger: 'The books are wrong', unknown: 'Being checked' },
    lightWhy: {
      safe: 'The books balance, the hash chains are intact, and money that only passes through has passed in time.',
      attention: 'The books balance, but money is not where it should be by now, statements differ, or nobody has looked for long.',
      danger: 'Stop payouts, keep a backup, and run verify: it names the first row that is wrong.',
      unknown: 'The first checks run since the operator’s role was started.',
    },
    checks: { books: 'Books', chains: 'Hash chains', clearing: 'Clearing accounts', reconciliation: 'Reconciliation' },
    states: { right: 'Right', wrong: 'Wrong', old: 'Too old', unknown: 'Not known yet' },
    checking: 'Being checked', checked: 'Checked {{age}} ago', compared: 'Youngest statement: {{age}} old', neverCompared: 'No statement was given yet',
    alerts: 'Needs you', alertsNone: 'Nothing needs you now.', look: 'Look',
    alert: {
      'books-wrong': 'The books are wrong: {{about}}', 'chains-wrong': 'A hash chain is broken: {{about}}', 'clearing-wrong': 'Money is stuck on {{about}}', 'reconciliation-wrong': 'Statements and books differ: {{about}}',
      'check-old': 'The last check of “{{about}}” is more than an hour old', 'wallet-silent': 'No wallet process reports', 'receiver-silent': 'No receiver process reports', 'link-down': 'The link to {{about}} is down',
      'payments-late': 'Payments are late: one in a hundred by {{about}} or more', 'commits-slow': 'The database is slow: commits take {{about}}', 'rejects-many': 'Many packets are rejected: {{about}}', 'doubts-many': '{{about}} streams are in doubt',
    },
    todo: {
      'books-wrong': 'Stop payouts. Make a backup, run “rivulet verify”, and look at the row it names before anything else.',
      'chains-wrong': 'Somebody or something changed the database behind the ledger. Stop payouts, keep the database as it is, compare with the last backup.',
      'clearing-wrong': 'Look at the reconciliation: it names what waits, for what, and since when.',
      'reconciliation-wrong': 'Look at the reconciliation and explain or correct each line that differs.',
      'check-old': 'The check fails or takes very long. The operator’s log says why.',
      'wallet-silent': 'Nobody can pay. Start the wallet’s process, or look into its log: it may not reach the database.',
      'receiver-silent': 'Nobody can be paid. Start the receiver’s process, or look into its log: it may not reach the database.',
      'link-down': 'It is tried again by itself. Check that the other side runs, and what lies between.',
      'payments-late': 'The wallet’s process has too much to do, or the receiver commits slowly. Look at the commits; start a second process.',
      'commits-slow': 'Look at the database’s disk and load. Payments wait for every commit.',
      'rejects-many': 'The codes below say why: R are the receiver’s, T pass, F stay.',
      'doubts-many': 'Packets are out without an answer. They are settled by themselves; if they stay, look at the links.',
    },
    inDoubt: '{{count}} in doubt', lateness: 'Lateness of payments (p95)', latenessWhy: 'From their second to their Fulfill, last minute', commits: 'Commit (p95)', commitsWhy: 'Of one durable row, last minute', percentiles: 'p50 {{p50}}, p99 {{p99}}.', nothing: 'None yet',
    links: 'Links', linksNone: 'Wallet and receiver run in one process without a connection between them, or the wallet does not report.', linkUp: 'Connected', linkDown: 'Down',
  },
}
