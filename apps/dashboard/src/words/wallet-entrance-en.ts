import { activityEn } from './activity-en.ts'
import { firstEn } from './first-en.ts'
import { limitsEn } from './limits-en.ts'
import { planEn } from './plan-en.ts'
import { privacyEn } from './privacy-en.ts'
import { tipEn } from './tip-en.ts'

/** What only the subscribers' entrance says: the others do not load it. */
export const walletEntranceEn = { ...activityEn, ...firstEn, ...limitsEn, ...planEn, ...privacyEn, ...tipEn }
