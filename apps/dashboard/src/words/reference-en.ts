/** The pages that show the API. What routes do is said by the server, in English. */
export const referenceEn = {
  reference: {
    title: 'API reference',
    link: 'API reference',
    download: 'Download as OpenAPI 3.1',
    filter: 'Find a route',
    none: 'No route matches',
    noneWhy: 'Look for a part of its path, such as “payouts”.',
    parameters: 'Parameters',
    body: 'Body, JSON',
    takes: 'Body: {{type}}',
    answers: 'Answers',
    optional: 'optional',
    either: 'Either',
    or: 'or',
    open: 'For everybody.',
    session: 'For who is signed in here.',
    sessionOrKey: 'For who is signed in here, or an API key with the scope “{{scope}}”.',
    signed: 'With a signature or a token, not with a session.',
  },
}
