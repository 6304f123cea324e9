/** What a client is called where a person is asked about it: the publicName of its wallet address. */
import type { Accounts } from '@rivulet/accounts'
import { isFault } from '@rivulet/faults'
import type { GuardedFetch } from '@rivulet/outbound'
import { z } from 'zod'

const nameCharactersMax = 100
const walletAddress = z.object({ publicName: z.string().trim().min(1) })

export interface ClientNames {
  /** Undefined when the wallet address does not answer or has no publicName. */
  find(walletAddress: string): Promise<string | undefined>
}

/** Own wallet addresses are looked up, others asked for over guarded HTTP. */
export function createClientNames({ accounts, fetch }: { readonly accounts: Pick<Accounts, 'walletAddressByUrl'>; readonly fetch: GuardedFetch }): ClientNames {
  return {
    async find(url) {
      const own = await accounts.walletAddressByUrl(url)
      const name = own?.publicName ?? (await askFor(url, fetch))
      return name?.slice(0, nameCharactersMax)
    },
  }
}

async function askFor(url: string, fetch: GuardedFetch): Promise<string | undefined> {
  try {
    const { status, body } = await fetch(url, { headers: { accept: 'application/json' } })
    const parsed = status === 200 ? walletAddress.safeParse(JSON.parse(body.toString('utf8'))) : undefined
    // A name is shown in one line: nothing in it may break out of that, or turn the direction of the text around it.
    return parsed?.data?.publicName.replace(/[\p{Cc}\p{Cf}]/gu, '')
  } catch (error) {
    if (isFault(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}
