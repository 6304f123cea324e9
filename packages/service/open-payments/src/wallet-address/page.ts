/** What a person sees who opens a wallet address in a browser. One page, no script, nothing from elsewhere. */
import { hash } from 'node:crypto'
import type { WalletAddress } from '@rivulet/accounts'

const style = `:root{color-scheme:light dark;--ink:#14242b;--quiet:#52636b;--paper:#f6f8f8;--line:#cfdadc;--accent:#0b6e7f}
@media (prefers-color-scheme:dark){:root{--ink:#e7eff0;--quiet:#9fb1b7;--paper:#10191d;--line:#2c3c43;--accent:#5cc3d4}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:2rem 1.25rem;background:var(--paper);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}
main{max-width:36rem;width:100%}h1{font-size:2rem;line-height:1.15;margin:0 0 .5rem;overflow-wrap:anywhere}p{margin:.75rem 0;color:var(--quiet)}
code{display:block;padding:.85rem 1rem;border:1px solid var(--line);border-radius:.6rem;color:var(--ink);font:.95rem/1.4 ui-monospace,monospace;overflow-wrap:anywhere;user-select:all}
a{color:var(--accent)}`

/** The page's own style is the only thing that it may use. */
export const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

const words = {
  en: {
    title: (name: string) => `Pay ${name}`,
    what: 'This is a wallet address. Money reaches its owner here over Interledger.',
    how: 'Give it to your wallet, or to a site that pays you. It is for programs; there is nothing to sign in to here.',
    code: (code: string) => `The account counts in ${code}.`,
    home: 'What is Rivulet?',
  },
  fr: {
    title: (name: string) => `Payer ${name}`,
    what: 'Ceci est une adresse de portefeuille. L’argent y parvient à sa personne par Interledger.',
    how: 'Donnez-la à votre portefeuille, ou à un site qui vous paie. Elle s’adresse aux programmes ; il n’y a rien où se connecter ici.',
    code: (code: string) => `Le compte est tenu en ${code}.`,
    home: 'Qu’est-ce que Rivulet ?',
  },
}
export type PageLanguage = keyof typeof words

export function pageOf({ url, publicName, asset }: WalletAddress, language: PageLanguage): string {
  const { title, what, how, code, home } = words[language]
  const name = escaped(publicName)
  return `<!doctype html>
<html lang="${language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${title(name)}</title><style>${style}</style></head>
<body><main><h1>${title(name)}</h1><p>${what}</p><code>${escaped(url)}</code><p>${how}</p><p>${code(escaped(asset.code))} <a href="/">${home}</a></p></main></body></html>
`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
