import { peersEn } from './peers-en.ts'
import { queuesEn } from './queues-en.ts'
import { settingsEn } from './settings-en.ts'
import { subscriptionsEn } from './subscriptions-en.ts'

/** What only the operators' entrance says: the others do not load it. */
export const operatorEntranceEn = { ...peersEn, ...queuesEn, ...subscriptionsEn, ...settingsEn }
