/** What a newcomer does first. */
export const firstEn = {
  first: {
    title: 'Your first minute',
    account: 'Your wallet is made',
    plan: 'Choose a plan',
    planWhy: 'One flat fee a month is your budget. You can end it whenever you want.',
    choose: 'See the plans',
    site: 'Connect a site',
    siteWhy: 'On a page that takes part, press the Rivulet button, usually at its bottom, and allow the site. Once for each site.',
    paid: 'Read',
    paidWhy: 'A little is paid every second while you look at the page. You see it here as it happens.',
    done: 'done',
    install: 'There is nothing to install. If you use a Web Monetization extension instead, add its key on the page “Keys”.',
  },
}
