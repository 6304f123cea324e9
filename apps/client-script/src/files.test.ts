import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import { beforeAll, expect, test } from 'vitest'
import { agentHeaders, buildClientScript, type ClientScript } from './index.ts'

let built: ClientScript

beforeAll(async () => {
  built = await buildClientScript()
})

test('monetize.js has at most 4 kB when gzipped', async () => {
  const size = gzipSync(await readFile(built.monetizeJs), { level: 9 }).byteLength
  expect(size).toBeGreaterThan(1000)
  expect(size).toBeLessThanOrEqual(4000)
})

test('neither script stores anything or reads a cookie', async () => {
  for (const path of [built.monetizeJs, built.agentJs]) expect(await readFile(path, 'utf8')).not.toMatch(/localStorage|sessionStorage|indexedDB|\.cookie\b|cookieStore/)
})

test('the page of the agent may be framed by any site, and may load and reach nothing but its wallet', () => {
  expect(agentHeaders('https://wallet.example/')['content-security-policy']).toBe(
    "default-src 'none'; script-src 'self'; connect-src https://wallet.example wss://wallet.example; base-uri 'none'; form-action 'none'; frame-ancestors *",
  )
})
