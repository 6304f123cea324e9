import { isLoopback } from '@rivulet/web-monetization'
import { WalletFault } from './connection.ts'

const siteCharactersMax = 300

/** Returns `text` when it is the origin of a page that may be paid from: https, or http on loopback in a sandbox. Throws `site-invalid`. */
export function checkSite(text: string, allowLocal: boolean): string {
  const url = text.length <= siteCharactersMax && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.origin !== text) throw new WalletFault('site-invalid', `not the origin of a web page: ${JSON.stringify(text.slice(0, 100))}`)
  if (url.protocol !== 'https:' && !(allowLocal && url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new WalletFault('site-invalid', `only pages served over https can be connected, not ${text}`)
  }
  return text
}
