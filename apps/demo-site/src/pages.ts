import { waterArt } from './art.ts'
import { type Article, type AuthorId, authors, type Language } from './content/article.ts'
import { articles } from './content/index.ts'
import { html, type Html } from './html.ts'
import { type Words, words } from './words.ts'

export interface Site {
  /** The wallet's origin, which serves `monetize.js`. */
  readonly walletUrl: string
  /** Where each author is paid: an absolute URL. */
  readonly pointers: Readonly<Record<AuthorId, string>>
}

const name = 'Tideline'

interface Page {
  readonly site: Site
  readonly language: Language
  /** Below the language: `` or a slug. */
  readonly path: string
  readonly title: string
  readonly description: string
  readonly head?: Html | undefined
  readonly main: Html
  readonly kind: string
}

function document({ site, language, path, title, description, head, main, kind }: Page): Html {
  const w = words[language]
  const other: Language = language === 'en' ? 'fr' : 'en'
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>${title === name ? name : `${title} — ${name}`}</title>
<meta name="description" content="${description}">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f3eee3" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#0c1a1f" media="(prefers-color-scheme: dark)">
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="alternate" hreflang="${other}" href="/${other}/${path}">
<link rel="preload" href="/fonts/fraunces-latin-full-normal.woff2" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="/site.css">
${head}
<script src="/gauge.js" type="module"></script>
<script src="${site.walletUrl}/monetize.js" data-rivulet-button="#connect" defer></script>
</head>
<body class="${kind}">
<a class="skip" href="#story">${w.skip}</a>
<header class="masthead">
<p class="issue">${w.issue}</p>
${kind === 'front' ? html`<h1 class="wordmark">${name}</h1>` : html`<p class="wordmark"><a href="/${language}/">${name}</a></p>`}
<p class="language"><a href="/${other}/${path}" lang="${other}" hreflang="${other}">${w.otherLanguage}</a></p>
</header>
${main}
<footer class="foot">
<h2>${w.footerTitle}</h2>
<p>${w.footer}</p>
<p class="colophon"><span>${name}</span> <span>${w.tagline}</span></p>
</footer>
</body>
</html>
`
}

function joined(names: readonly string[], w: Words): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${w.and} ${names.at(-1)}`
}

function byline(article: Article, w: Words): string {
  return `${w.by} ${joined(article.byline.map((author) => authors[author].name), w)}`
}

function note({ tag, text }: Article, w: Words): string | undefined {
  if (tag.kind === 'none') return w.free
  if (tag.kind === 'legacy') return w.legacy
  if (tag.authors.length > 1) return w.shared
  return text.en.exclusive === undefined ? undefined : w.unlocks
}

function card(article: Article, language: Language, position: 'lead' | 'story' | 'next'): Html {
  const w = words[language]
  const { kicker, title, dek } = article.text[language]
  const extra = note(article, w)
  return html`<article class="card ${position}">
<a class="picture" href="/${language}/${article.slug}" tabindex="-1" aria-hidden="true">${waterArt(article.slug)}</a>
<div class="words">
<p class="kicker">${kicker}</p>
<h2><a href="/${language}/${article.slug}">${title}</a></h2>
<p class="dek">${dek}</p>
<p class="meta">${byline(article, w)} <span>${w.minutes(article.minutes)}</span> ${extra === undefined ? undefined : html`<span class="note">${extra}</span>`}</p>
</div>
</article>`
}

export function frontPage(site: Site, language: Language): string {
  const w = words[language]
  const [lead, ...rest] = articles
  return document({
    site, language, path: '', title: name, description: w.tagline, kind: 'front',
    main: html`<main id="story">
<p class="tagline">${w.tagline}</p>
${lead === undefined ? undefined : card(lead, language, 'lead')}
<h2 class="rule">${w.inThisIssue}</h2>
<div class="stories">${rest.map((article) => card(article, language, 'story'))}</div>
</main>`,
  }).text
}

/** The tags by which a page asks to be paid, and of several links the last in the body, where they may stand too. */
function tags({ tag }: Article, { pointers }: Site): { head?: Html; body?: Html } {
  if (tag.kind === 'none') return {}
  if (tag.kind === 'legacy') return { head: html`<meta name="monetization" content="${pointers[tag.author].replace(/^https?:\/\//, '$')}">` }
  const links = tag.authors.map((author) => html`<link rel="monetization" href="${pointers[author]}" data-author="${author}">`)
  return links.length < 2 ? { head: html`${links}` } : { head: html`${links.slice(0, -1)}`, body: html`${links.slice(-1)}` }
}

function gauge({ tag }: Article, language: Language): Html {
  const w = words[language]
  const state = tag.kind === 'none' ? 'idle' : 'starting'
  const tally = tag.kind === 'links' && tag.authors.length > 1
    ? html`<dl class="tally">${tag.authors.map((author) => html`<div><dt>${authors[author].name}</dt><dd data-tally="${author}">–</dd></div>`)}</dl>`
    : undefined
  return html`<aside class="gauge" aria-label="${w.gauge}" data-state="${state}" data-api="${tag.kind}" data-words="${JSON.stringify({ states: w.states, reasons: w.reasons })}">
<div class="staff" aria-hidden="true"><div class="level"></div></div>
<div class="reading">
<p class="label">${w.gauge}</p>
<p class="amount"><output data-amount></output> <span>${tag.kind === 'legacy' ? w.received : w.sent}</span></p>
${tag.kind === 'none' ? undefined : html`<p class="count"><span data-count>0</span> ${w.payments}</p>`}
${tally}
<p class="status" role="status" data-status>${w.states[state]}</p>
<noscript><p class="status">${w.noScript}</p></noscript>
<div id="connect"></div>
</div>
</aside>`
}

export function articlePage(site: Site, language: Language, slug: string): string | undefined {
  const index = articles.findIndex((candidate) => candidate.slug === slug)
  const article = articles[index]
  if (article === undefined) return undefined
  const w = words[language]
  const { kicker, title, dek, paragraphs, exclusive } = article.text[language]
  const { head, body } = tags(article, site)
  const following = articles[(index + 1) % articles.length]
  return document({
    site, language, path: slug, title, description: dek, head, kind: 'article',
    main: html`<main>
<header class="opening">
<p class="kicker">${kicker}</p>
<h1>${title}</h1>
<p class="dek">${dek}</p>
<p class="meta">${byline(article, w)} <span>${w.minutes(article.minutes)}</span></p>
</header>
<div class="banner">${waterArt(slug)}</div>
<div class="spread">
${gauge(article, language)}
<article class="prose" id="story">
${paragraphs.map((text) => html`<p>${text}</p>`)}
${exclusive === undefined ? undefined : html`<p class="locked" data-locked>${w.locked}</p><section class="exclusive" data-exclusive hidden><h2>${exclusive.title}</h2>${exclusive.paragraphs.map((text) => html`<p>${text}</p>`)}</section>`}
${body}
</article>
</div>
${following === undefined ? undefined : html`<h2 class="rule">${w.next}</h2>${card(following, language, 'next')}`}
</main>`,
  }).text
}

export function missingPage(site: Site, language: Language): string {
  const w = words[language]
  return document({
    site, language, path: '', title: w.notFoundTitle, description: w.notFound, kind: 'missing',
    main: html`<main id="story"><div class="banner">${waterArt('nothing')}</div><header class="opening"><h1>${w.notFoundTitle}</h1><p class="dek">${w.notFound}</p><p><a href="/${language}/">${w.contents}</a></p></header></main>`,
  }).text
}
