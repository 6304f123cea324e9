import Bowser from 'bowser'

/** The browser and the system that a User-Agent names, such as `Firefox` and `Linux`; undefined for what names none. */
export function deviceOf(userAgent: string): { readonly browser: string; readonly system: string } | undefined {
  if (userAgent === '') return undefined
  const { browser, os } = Bowser.parse(userAgent)
  return browser.name === undefined || os.name === undefined ? undefined : { browser: browser.name, system: os.name }
}
