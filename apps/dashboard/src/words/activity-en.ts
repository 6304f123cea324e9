export const activityEn = {
  activity: {
    title: 'Activity',
    period: 'Period',
    periods: { month: 'This month', before: 'Last month', week: '7 days', custom: 'Other' },
    from: 'First day',
    to: 'Last day',
    csv: 'Download as CSV',
    spent: 'Spent',
    kind: { reading: 'While reading', share: 'Shared at the end of a period', payment: 'Tips and payments', fee: 'Fees', returned: 'Given back', other: 'Corrections' },
    part: { reading: 'While reading', share: 'Shared', other: 'Tips and other' },
    returned: '{{amount}} more left your budget because a payment was given back to your card.',
    byPayee: 'Who got it',
    bySite: 'By site',
    byDay: 'Day by day',
    byDayCaption: 'What you spent on each day; days are counted in UTC',
    day: 'Day',
    time: 'Time read',
    read: '{{time}} read',
    operator: 'This wallet',
    noSites: 'No page was paid in these days.',
    empty: 'Nothing was spent in these days',
    emptyWhy: 'What you read on connected sites, share and tip shows up here, site by site and day by day. Which pages you read is not kept.',
  },
}

export const activityErrorsEn = {
  'period-invalid': 'Choose 1 to 400 days, the first before the last.',
  'activity-too-long': 'So many days have too much to show. Choose fewer.',
}
