import { anIndexOfFerries } from './an-index-of-ferries.ts'
import type { Article } from './article.ts'
import { theCommonWell } from './the-common-well.ts'
import { theCountedRiver } from './the-counted-river.ts'
import { theLampRoom } from './the-lamp-room.ts'
import { threeVoices } from './three-voices.ts'

/** In the order of the front page. */
export const articles: readonly Article[] = [theLampRoom, theCountedRiver, threeVoices, anIndexOfFerries, theCommonWell]
