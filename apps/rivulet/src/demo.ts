/** The sandbox only: people to sign in as, and the magazine they read. */
import type { Accounts, Role } from '@rivulet/accounts'
import { type AuthorId, authors, createDemoSite } from '@rivulet/demo-site'
import type { Application } from 'express'
import type { Config } from './config.ts'

export interface DemoAccount {
  readonly role: Role
  readonly name: string
  readonly email: string
  readonly password: string
  /** Its public URL; operators have none. */
  readonly walletAddress: string | null
}

interface DemoPerson {
  readonly role: Role
  readonly name: string
  /** Of the wallet address, and the e-mail's first part. */
  readonly path: string
  readonly readOnly?: boolean
}

const authorIds = Object.keys(authors) as readonly AuthorId[]

/** The first subscriber is whom `rivulet stream` pays as; the publishers are the magazine's authors. */
const people: readonly DemoPerson[] = [
  { role: 'subscriber', name: 'Alice Moreau', path: 'alice' },
  { role: 'subscriber', name: 'Ben Okafor', path: 'ben' },
  ...authorIds.map((path) => ({ role: 'publisher' as const, name: authors[path].name, path })),
  { role: 'operator', name: 'Olivia Brandt', path: 'olivia' },
  // For what two must approve.
  { role: 'operator', name: 'Paul Lenoir', path: 'paul' },
  // Who may only look.
  { role: 'operator', name: 'Rita Solberg', path: 'rita', readOnly: true },
]
const password = 'rivulet-demo'

/** Idempotent: at every start, and in every role's process. */
export async function ensureDemoAccounts(config: Config, { accounts }: { readonly accounts: Accounts }): Promise<readonly DemoAccount[]> {
  if (!config.sandbox) return []
  const ensured: DemoAccount[] = []
  for (const { role, name, path, readOnly = false } of people) {
    const email = `${path}@demo.example`
    const { walletAddress } = await accounts.ensurePerson({ role, name, email, password, path, readOnly })
    ensured.push({ role, name, email, password, walletAddress: walletAddress?.url ?? null })
  }
  return ensured
}

export function demoSite({ publicUrls }: Config): Application {
  const pointers = Object.fromEntries(authorIds.map((path) => [path, `${publicUrls.receiver}/${path}`])) as Record<AuthorId, string>
  return createDemoSite({ walletUrl: publicUrls.wallet, pointers })
}
