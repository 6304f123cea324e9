/** The people of the magazine. Each is paid at a pointer of their own. */
export const authors = {
  mara: { name: 'Mara Ellery' },
  tomas: { name: 'Tomas Quill' },
  ines: { name: 'Inès Aubertin' },
} as const

export type AuthorId = keyof typeof authors
export type Language = 'en' | 'fr'

/** How a page asks to be paid. */
type Tag =
  | { readonly kind: 'links'; readonly authors: readonly AuthorId[] }
  /** The meta tag of the first Web Monetization API. */
  | { readonly kind: 'legacy'; readonly author: AuthorId }
  | { readonly kind: 'none' }

interface ArticleText {
  readonly kicker: string
  readonly title: string
  readonly dek: string
  readonly paragraphs: readonly string[]
  /** Shown after the first payment. */
  readonly exclusive?: { readonly title: string; readonly paragraphs: readonly string[] }
}

export interface Article {
  readonly slug: string
  readonly byline: readonly AuthorId[]
  readonly tag: Tag
  readonly minutes: number
  readonly text: Readonly<Record<Language, ArticleText>>
}
