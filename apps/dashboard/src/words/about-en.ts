/** What this is, for whoever comes for the first time. */
export const aboutEn = {
  about: {
    title: 'Read anything. Pay a little, by the second, to whoever made it.',
    lead: 'Rivulet is a provider of Web Monetization. Readers pay one flat fee; while they read, their wallet sends a little money every second to the page’s publisher. No advertising, no paywall for each site, no card at each shop.',
    link: 'What is this?',
    go: { wallet: 'Open your wallet', publisher: 'Be paid for your pages', operator: 'Sign in as an operator' },
    reader: {
      title: 'For readers',
      first: 'One plan a month with a budget. It never spends more than that.',
      second: 'You allow each site once, and stop, limit or block it at any time.',
      third: 'A site learns that it is paid, not who you are.',
    },
    publisher: {
      title: 'For publishers',
      first: 'One line in the head of your pages; it works with each provider of Web Monetization.',
      second: 'You see money arrive while it is read, by site and day, and it is paid out to your bank or wallet.',
      third: 'Signed webhooks, receipts and statements prove what was paid.',
    },
    operator: {
      title: 'For those who run it',
      first: 'Your own machine, one command, one database.',
      second: 'Double-entry books that can be proven at any time, to the smallest unit.',
      third: 'Open standards: Interledger, Open Payments and Web Monetization.',
    },
    how: {
      title: 'How a second is paid',
      first: 'The page names its payment pointer, and the reader looks at it.',
      second: 'Her wallet sets money of her budget aside and sends what the second is worth.',
      third: 'The publisher’s provider answers only when the credit is on disk.',
      fourth: 'The page hears that it was paid, and both books agree.',
    },
  },
}
