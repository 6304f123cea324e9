/** The languages in which people are written to. */
const mailLanguages = ['en', 'fr'] as const
export type Language = (typeof mailLanguages)[number]

/** How an operator's English writes days and amounts: `3 February 2027`, or `February 3, 2027`. */
export const englishes = ['en-GB', 'en-US', 'en-IE', 'en-CA', 'en-AU', 'en-NZ'] as const
export type English = (typeof englishes)[number]

/** The locale in which Intl writes a language. */
export function localeOf(language: Language, english: English = 'en-GB'): string {
  return language === 'en' ? english : language
}

/** The first of the languages of an Accept-Language header (RFC 9110 section 12.5.4) that we write, in its order; English when there is none. */
export function languageOf(acceptLanguage: string | null | undefined): Language {
  const wanted = (acceptLanguage ?? '').slice(0, 200).split(',').map((tag) => tag.trim().slice(0, 2).toLowerCase())
  return mailLanguages.find((language) => language === wanted.find((tag) => mailLanguages.some((known) => known === tag))) ?? 'en'
}
