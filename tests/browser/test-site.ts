/** A publisher's site: pages that a test writes, on `127.0.0.1`, which is another site than `localhost`. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PageSource {
  readonly head?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The script tag; by default that of the wallet, in the head. */
  readonly script?: string
}

/** Fills `log` with [type, id of the link, event] of every event at a link, before anything of the page can happen. */
const logger = `
  window.log = []
  for (const type of ['load', 'error', 'monetization']) {
    document.addEventListener(type, (event) => {
      if (event.target.localName === 'link') log.push([type, event.target.id, event])
    }, true)
  }`

export class TestSite implements AsyncDisposable {
  readonly #server: Server
  readonly #pages = new Map<string, PageSource>()

  private constructor(server: Server, walletUrl: string) {
    this.#server = server
    server.on('request', (request, response) => {
      const page = this.#pages.get(new URL(request.url ?? '/', this.url).pathname)
      if (page === undefined) {
        response.writeHead(404).end()
        return
      }
      const { head = '', body = '', headers = {}, script = `<script src="${walletUrl}/monetize.js"></script>` } = page
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers })
      response.end(`<!doctype html><html lang="en"><head><title>page</title><link rel="icon" href="data:,"><script nonce="log">${logger}</script>${script}${head}</head><body>${body}</body></html>`)
    })
  }

  static async start(walletUrl: string): Promise<TestSite> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TestSite(server, walletUrl)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Puts a page on the site; its address. */
  page(path: string, source: PageSource): string {
    this.#pages.set(path, source)
    return this.url + path
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
