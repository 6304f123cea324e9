/** Of what is printed. Names of people are in many scripts; the fonts that every PDF reader has are not. */
import { fileURLToPath } from 'node:url'

/** Files of DejaVu Sans: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic and more; no Chinese, Japanese or Korean. */
export const printFonts = { text: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf')), bold: fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf')) } as const

let printed: Promise<(codePoint: number) => boolean> | undefined

/** Whether these fonts have every character of a text: what they lack would be an empty box. */
export async function isPrintable(text: string): Promise<boolean> {
  printed ??= openFont()
  const has = await printed
  return Array.from(text).every((character) => has(character.codePointAt(0) ?? 0))
}

/** Loaded with the first name that somebody wants on a page. */
async function openFont(): Promise<(codePoint: number) => boolean> {
  const { open } = await import('fontkit')
  const font = await open(printFonts.bold)
  if (!('hasGlyphForCodePoint' in font)) throw new Error('the font of printed names is no single font')
  return (codePoint) => font.hasGlyphForCodePoint(codePoint)
}
