/** What the accounts are called on which shares for a wallet address elsewhere gather: by who shares, and with whom. */
import { createHash } from 'node:crypto'
import { type Id, isId } from '@rivulet/ids'

const hashCharacters = 16
const prefix = 'elsewhere['

/** Of the account on which what `owner` shares with the address gathers. */
export function gatheringName(owner: string, url: string): string {
  return `${prefix}${owner}/${createHash('sha256').update(url).digest('hex').slice(0, hashCharacters)}]`
}

/** Whose shares gather on an account of this name, all subscribers' or a pointer's; undefined for accounts of anybody else. */
export function sharedBy(name: string): 'everybody' | Id<'wadr'> | undefined {
  const owner = name.startsWith(prefix) ? name.slice(prefix.length).split('/')[0] : undefined
  return owner === 'everybody' || (owner !== undefined && isId('wadr', owner)) ? owner : undefined
}
