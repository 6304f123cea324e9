import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type Application, type Request } from 'express'
import type { Language } from './content/article.ts'
import { articlePage, frontPage, missingPage, type Site } from './pages.ts'

const fonts = ['fraunces/files/fraunces-latin-full-normal.woff2', 'newsreader/files/newsreader-latin-standard-normal.woff2', 'newsreader/files/newsreader-latin-standard-italic.woff2']

/**
 * The magazine: a page for every way to be paid, and one for none. Its own policy lets in the wallet's script and frame and nothing else.
 * It listens to the browser only; what it shows of money comes from events that the page received.
 */
export function createDemoSite(site: Site): Application {
  const app = express()
  app.disable('x-powered-by')
  app.set('trust proxy', false)
  const wallet = new URL(site.walletUrl).origin
  const policy = [
    "default-src 'none'", `script-src 'self' ${wallet}`, `frame-src ${wallet}`, "style-src 'self'", "font-src 'self'", "img-src 'self'",
    "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join('; ')
  app.use((_request, response, next) => {
    // Not `same-origin`: the connect popup has to find its opener.
    response.set({ 'content-security-policy': policy, 'cross-origin-opener-policy': 'same-origin-allow-popups', 'x-content-type-options': 'nosniff', 'referrer-policy': 'strict-origin-when-cross-origin' })
    next()
  })
  app.use(express.static(join(import.meta.dirname, '../static'), { maxAge: '5m', index: false }))
  for (const font of fonts) {
    const file = fileURLToPath(import.meta.resolve(`@fontsource-variable/${font}`))
    app.get(`/fonts/${basename(file)}`, (_request, response) => response.sendFile(basename(file), { root: dirname(file), maxAge: '30d', immutable: true }))
  }
  let gauge: Promise<string> | undefined
  app.get('/gauge.js', async (_request, response) => {
    gauge ??= gaugeScript()
    response.type('text/javascript').set('cache-control', 'public, max-age=300').send(await gauge)
  })

  app.get('/', (request, response) => {
    response.vary('Accept-Language')
    response.redirect(302, `/${preferred(request)}/`)
  })
  for (const language of ['en', 'fr'] as const) {
    app.get(`/${language}/`, (_request, response) => void response.send(frontPage(site, language)))
    app.get(`/${language}/:slug`, (request, response, next) => {
      const page = articlePage(site, language, request.params.slug)
      if (page === undefined) next()
      else response.send(page)
    })
  }
  app.use((request, response) => void response.status(404).send(missingPage(site, request.path.startsWith('/fr/') ? 'fr' : preferred(request))))
  return app
}

/** Compiled for the first reader: a start need not wait for it. */
async function gaugeScript(): Promise<string> {
  const { transformSync } = await import('esbuild')
  return transformSync(readFileSync(join(import.meta.dirname, 'page/gauge.ts'), 'utf8'), { loader: 'ts', target: 'es2022', minify: true }).code
}

function preferred(request: Request): Language {
  return request.acceptsLanguages('en', 'fr') === 'fr' ? 'fr' : 'en'
}
