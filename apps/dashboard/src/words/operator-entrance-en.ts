import { adminEn } from './admin-en.ts'
import { booksEn } from './books-en.ts'
import { indicatorsEn } from './indicators-en.ts'
import { operatorsEn } from './operators-en.ts'
import { overviewEn } from './overview-en.ts'
import { payoutsEn } from './payouts-en.ts'
import { peersEn } from './peers-en.ts'
import { queuesEn } from './queues-en.ts'
import { settingsEn } from './settings-en.ts'
import { subscriptionsEn } from './subscriptions-en.ts'
import { whatIfEn } from './what-if-en.ts'

/** What only the operators' entrance says, payouts beside the publishers': the others do not load it. */
export const operatorEntranceEn = { ...adminEn, ...booksEn, ...indicatorsEn, ...operatorsEn, ...overviewEn, ...payoutsEn, ...peersEn, ...queuesEn, ...settingsEn, ...subscriptionsEn, ...whatIfEn }
