/** What the wallet serves to pages: how it is built, where it lies, and the headers that go with it. */
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/** Paths of the built files. `GET /monetize.js`, `GET /agent/agent.js`, `GET /agent`. */
export interface ClientScript {
  readonly monetizeJs: string
  readonly agentJs: string
  readonly agentHtml: string
}

export const clientScriptFiles: ClientScript = { monetizeJs: here('../dist/monetize.js'), agentJs: here('../dist/agent.js'), agentHtml: here('../dist/agent.html') }

const html = '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Rivulet</title>\n<script src="/agent/agent.js" defer></script>\n</html>\n'

/** Builds `monetize.js`, the agent and its page into `dist/`. Throws what esbuild finds wrong. */
export async function buildClientScript(): Promise<ClientScript> {
  const { build } = await import('esbuild')
  const bundle = async (entry: string): Promise<Uint8Array> => {
    const { outputFiles } = await build({ entryPoints: [here(entry)], write: false, bundle: true, minify: true, format: 'iife', target: 'es2022', charset: 'utf8', legalComments: 'none', logLevel: 'silent' })
    return (outputFiles[0] as { contents: Uint8Array }).contents
  }
  await mkdir(here('../dist'), { recursive: true })
  await Promise.all([
    put(clientScriptFiles.monetizeJs, await bundle('page/main.ts')),
    put(clientScriptFiles.agentJs, await bundle('agent/main.ts')),
    put(clientScriptFiles.agentHtml, html),
  ])
  return clientScriptFiles
}

/** Whole or not at all: a server that reads meanwhile sees the old file or the new one. */
async function put(path: string, content: string | Uint8Array): Promise<void> {
  const next = `${path}.${process.pid}`
  await writeFile(next, content)
  await rename(next, path)
}

/** Headers of `/monetize.js`: any page may load it, also one that isolates itself. */
export const monetizeHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/javascript; charset=utf-8',
  'cache-control': 'public, max-age=300',
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
}

/** Headers of `/agent`, the only page of the wallet that may be framed. `walletUrl` is the wallet's public origin. */
export function agentHeaders(walletUrl: string): Readonly<Record<string, string>> {
  const { origin } = new URL(walletUrl)
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': `default-src 'none'; script-src 'self'; connect-src ${origin} ${origin.replace(/^http/, 'ws')}; base-uri 'none'; form-action 'none'; frame-ancestors *`,
    'cross-origin-resource-policy': 'cross-origin',
    'cross-origin-embedder-policy': 'require-corp',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  }
}
