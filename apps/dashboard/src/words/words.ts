import i18next from 'i18next'
import { initReactI18next, useTranslation } from 'react-i18next'
import { remember, remembered } from '../remember.ts'
import { en, type Words } from './en.ts'

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Words }
    returnNull: false
  }
}

/** The languages, each under its own name. */
export const languages = { en: 'English', fr: 'Français' } as const
export type Language = keyof typeof languages

export function isLanguage(text: string | undefined): text is Language {
  return text !== undefined && Object.hasOwn(languages, text)
}

/** What was chosen before, else the first of the browser's languages that we speak, else English. */
export function chooseLanguage(chosen: string | undefined, preferred: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen
  return preferred.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => isLanguage(tag)) ?? 'en'
}

/** The reader's own variety of the language, if the browser names one: fr-CH writes 1'000 where fr writes 1 000. */
export function localeOf(language: string, preferred: readonly string[]): string {
  return preferred.find((tag) => tag.toLowerCase().split('-')[0] === language && isTag(tag)) ?? language
}

/** Chromium without a locale of the machine names its language `en-US@posix`, which `Intl` refuses. */
function isTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1
  } catch {
    return false
  }
}

/** English is in the first load, as the language of last resort; French is fetched when it is wanted. */
async function speak(language: Language): Promise<void> {
  if (language === 'fr' && !i18next.hasResourceBundle('fr', 'translation')) {
    const { fr } = await import('./fr.ts')
    i18next.addResourceBundle('fr', 'translation', fr)
  }
  await i18next.changeLanguage(language)
  document.documentElement.lang = language
}

/** @param more what only this entrance says in English; French comes whole, when it is wanted */
export async function startWords(more: Partial<Words>): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    resources: { en: { translation: { ...en, ...more } } },
    // React escapes.
    interpolation: { escapeValue: false },
  })
  await speak(chooseLanguage(remembered('language'), navigator.languages))
}

export async function chooseAndRemember(language: Language): Promise<void> {
  remember('language', language)
  await speak(language)
}

/** The locale for numbers and dates of the language that is spoken. */
export function useLocale(): string {
  const { i18n } = useTranslation()
  return localeOf(i18n.language, navigator.languages)
}
