import * as z from 'zod/mini'

/** Units in JSON: a decimal string, negative when it left. */
export const units = z.pipe(z.string().check(z.regex(/^-?[0-9]{1,20}$/)), z.transform((text: string) => BigInt(text)))
