/** What answers of many routes hold, as the API reference says it. */
import { z } from 'zod'

/** Who is signed in, on a page's answer. */
export const personPart = z.strictObject({ name: z.string(), email: z.string() })
/** Units in JSON: a whole number as a decimal string, with a minus where something left. */
export const unitsPart = z.string().regex(/^-?[0-9]{1,20}$/)
/** In which units amounts are. */
export const assetParts = { assetCode: z.string(), assetScale: z.int() }
/** A day in UTC, `2027-01-31`. */
export const dayPart = z.iso.date()
