import { earningsEn } from './earnings-en.ts'
import { startEn } from './start-en.ts'

/** What only the publishers' entrance says: the others do not load it. */
export const publisherEntranceEn = { ...earningsEn, ...startEn }
