import { activityEn } from './activity-en.ts'
import { connectEn } from './connect-en.ts'
import { firstEn } from './first-en.ts'
import { grantsEn } from './grants-en.ts'
import { keysEn } from './keys-en.ts'
import { limitsEn } from './limits-en.ts'
import { planEn } from './plan-en.ts'
import { privacyEn } from './privacy-en.ts'
import { tipEn } from './tip-en.ts'

/** What only the subscribers' entrance says: the others do not load it. */
export const walletEntranceEn = { ...activityEn, ...connectEn, ...firstEn, ...grantsEn, ...keysEn, ...limitsEn, ...planEn, ...privacyEn, ...tipEn }
