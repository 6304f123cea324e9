export { type AuthorId, authors } from './content/article.ts'
export type { Site } from './pages.ts'
export { createDemoSite } from './site.ts'
