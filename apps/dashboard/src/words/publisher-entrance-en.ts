import { connectEn } from './connect-en.ts'
import { earningsEn } from './earnings-en.ts'
import { grantsEn } from './grants-en.ts'
import { keysEn } from './keys-en.ts'
import { payoutsEn } from './payouts-en.ts'
import { publisherEn } from './publisher-en.ts'
import { startEn } from './start-en.ts'
import { webhooksEn } from './webhooks-en.ts'

/** What only the publishers' entrance says, payouts beside the operators': the others do not load it. */
export const publisherEntranceEn = { ...connectEn, ...earningsEn, ...grantsEn, ...keysEn, ...payoutsEn, ...publisherEn, ...startEn, ...webhooksEn }
