import { OutboundFault } from '@rivulet/outbound'
import { describe, expect, test } from 'vitest'
import { forbiddenBy } from './policy.ts'
import { testTags } from './tag-test.ts'

const own = 'https://pay.example/mara'
const tag = `<link rel="monetization" href="${own}">`
const script = '<script src="https://wallet.example/monetize.js" async></script>'
const page = (head: string, body = '<p>Hello</p>'): string => `<!doctype html><html><head><title>x</title>${head}</head><body>${body}</body></html>`

interface Served {
  readonly html: string
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly url?: string
}

const codesOf = async ({ html, status = 200, headers = {}, url = 'https://blog.example/' }: Served, asked = 'blog.example'): Promise<readonly string[]> => {
  const { findings } = await testTags(asked, [own], {
    fetch: () => Promise.resolve({ status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: Buffer.from(html), url }),
    lookUp: (pointer) => (pointer.includes('dead') ? Promise.reject(new Error('nobody there')) : Promise.resolve()),
    walletUrl: 'https://wallet.example', allowLocal: false,
  })
  return findings.map(({ weight, code }) => `${weight} ${code}`)
}

const right = ['good tag-right', 'good pointer-answers', 'good script-right']

describe('a page is told', () => {
  test.each<[string, Served, readonly string[]]>([
    ['that all is right', { html: page(tag + script) }, right],
    ['that its tag may stand behind other words in rel', { html: page(tag.replace('"monetization"', '"preload Monetization"') + script) }, right],
    ['that the tag is missing', { html: page(script) }, ['wrong tag-missing', 'good script-right']],
    ['that the tag is in the body', { html: page(script, `<div>${tag}</div>`) }, ['note tag-body', ...right]],
    ['that a div in the head moves the tag into the body, as browsers do', { html: page(`<div></div>${tag}${script}`) }, ['note tag-body', ...right]],
    ['that rel is misspelt', { html: page(tag.replace('monetization', 'monetisation') + script) }, ['wrong tag-rel', 'good script-right']],
    ['that rel is another word, found by the pointer', { html: page(tag.replace('monetization', 'author') + script) }, ['wrong tag-rel', 'good script-right']],
    ['that the pointer is another’s', { html: page(tag.replace('mara', 'noah') + script) }, ['wrong tag-other', 'good pointer-answers', 'good script-right']],
    ['that the pointer does not answer', { html: page(tag.replace('mara', 'dead') + script) }, ['wrong tag-other', 'wrong pointer-silent', 'good script-right']],
    ['that the pointer is http', { html: page(tag.replace('https', 'http') + script) }, ['wrong tag-http', 'good script-right']],
    ['that $host/path is no address for a link tag', { html: page(tag.replace('https://', '$') + script) }, ['wrong tag-address', 'good script-right']],
    ['that the page is http', { html: page(tag + script), url: 'http://blog.example/' }, ['wrong page-http', 'note page-redirects', ...right]],
    ['that the tag is in noscript', { html: page(`<noscript>${tag}</noscript>${script}`) }, ['wrong tag-noscript', 'good script-right']],
    ['that the tag is in noscript of the body', { html: page(script, `<noscript><p>x</p>${tag}</noscript>`) }, ['wrong tag-noscript', 'good script-right']],
    ['that the tag is in a template', { html: page(script, `<template>${tag}</template>`) }, ['wrong tag-template', 'good script-right']],
    ['that the tag is in a comment', { html: page(`<!-- ${tag} -->${script}`) }, ['wrong tag-comment', 'good script-right']],
    ['that there are several tags', { html: page(`${tag}${tag.replace('mara', 'noah')}${script}`) }, ['wrong tag-other', 'note tag-several', 'good tag-right', 'good pointer-answers', 'good pointer-answers', 'good script-right']],
    ['that the meta tag of Coil works with the script', { html: page(`<meta name="monetization" content="$pay.example/mara">${script}`) }, ['note meta-only', 'good script-right']],
    ['that only readers with an extension pay without the script', { html: page(tag) }, ['note script-missing', 'good tag-right', 'good pointer-answers']],
    ['that the script is of another wallet', { html: page(tag + script.replace('wallet.example', 'other.example')) }, ['wrong script-foreign', 'good tag-right', 'good pointer-answers']],
    ['that the script is in noscript', { html: page(`${tag}<noscript>${script}</noscript>`) }, ['wrong script-hidden', 'good tag-right', 'good pointer-answers']],
    ['that it leads on', { html: page(tag + script), url: 'https://www.blog.example/' }, ['note page-redirects', ...right]],
    ['that it answers an error', { html: page(tag), status: 404 }, ['wrong page-status']],
    ['that it is no page', { html: '%PDF-1.7', headers: { 'content-type': 'application/pdf' } }, ['wrong page-no-html']],
    ['that its policy blocks the script', { html: page(tag + script), headers: { 'content-security-policy': "script-src 'self'; frame-src https://wallet.example" } }, ['wrong policy-script', ...right]],
    ['that its policy blocks the wallet’s frame', { html: page(tag + script), headers: { 'content-security-policy': "default-src 'self'; script-src https://wallet.example; monetization-src *" } }, ['wrong policy-frame', ...right]],
    ['that a policy in a meta tag counts', { html: page(`<meta http-equiv="Content-Security-Policy" content="script-src 'none'">${tag}${script}`) }, ['wrong policy-script', ...right]],
    ['that its policy keeps browsers from the pointer', { html: page(tag + script), headers: { 'content-security-policy': "monetization-src 'none'" } }, ['note policy-pointer', ...right]],
    ['that its opener policy cuts the popup off', { html: page(tag + script), headers: { 'cross-origin-opener-policy': 'same-origin' } }, ['wrong opener-policy', ...right]],
    ['that its permissions forbid it', { html: page(tag + script), headers: { 'permissions-policy': 'camera=(), monetization=()' } }, ['wrong permission', ...right]],
  ])('%s', async (_what, served, expected) => expect(await codesOf(served)).toEqual(expected))
})

test.each([['', 'page-address'], ['ftp://blog.example', 'page-address'], ['javascript:alert(1)', 'page-address'], ['http://blog.example', 'page-http'], ['nowhere.example', 'page-unreachable']])('the page %j is answered %s', async (asked, code) => {
  const fetch = (url: string | URL): Promise<never> => Promise.reject(String(url).startsWith('http:') ? new OutboundFault('not-https', 'no') : new OutboundFault('unreachable', 'nobody'))
  expect(await testTags(asked, [own], { fetch, lookUp: () => Promise.resolve(), walletUrl: 'https://wallet.example', allowLocal: false })).toMatchObject({ ok: false, page: null, findings: [{ weight: 'wrong', code }] })
})

test.each([
  ["script-src 'self'", 'https://wallet.example/monetize.js', false],
  ['script-src https:', 'https://wallet.example/monetize.js', true],
  ['script-src *', 'https://wallet.example/monetize.js', true],
  ['script-src *.example', 'https://wallet.example/monetize.js', true],
  ['script-src *.wallet.example', 'https://wallet.example/monetize.js', false],
  ['script-src wallet.example', 'https://wallet.example/monetize.js', true],
  ['script-src http://wallet.example', 'https://wallet.example/monetize.js', true],
  ['script-src wallet.example:8443', 'https://wallet.example/monetize.js', false],
  ['script-src wallet.example:*', 'https://wallet.example:8443/monetize.js', true],
  ['script-src wallet.example', 'https://wallet.example:8443/monetize.js', false],
  ['script-src wallet.example/other.js', 'https://wallet.example/monetize.js', false],
  ["script-src wallet.example 'strict-dynamic'", 'https://wallet.example/monetize.js', false],
  ["script-src 'strict-dynamic' 'nonce-abc'", 'https://wallet.example/monetize.js', true],
  ["script-src-elem wallet.example; script-src 'none'", 'https://wallet.example/monetize.js', true],
  ["script-src wallet.example, script-src 'self'", 'https://wallet.example/monetize.js', false],
  ['img-src x', 'https://wallet.example/monetize.js', true],
] as const)('the policy %j lets %s in: %s', (policy, url, allowed) => {
  expect(forbiddenBy([policy], 'script', { url: new URL(url), page: new URL('https://blog.example/'), nonce: 'abc' }) === undefined).toBe(allowed)
})
