/** What goes into pages, by how they are made: the same two lines, where each of these keeps the head of its pages. */
export const kinds = ['html', 'wordpress', 'hugo', 'jekyll', 'eleventy'] as const
export type Kind = (typeof kinds)[number]

export interface SnippetParts {
  readonly pointer: string
  readonly walletUrl: string
}

function linkTag({ pointer }: SnippetParts): string {
  return `<link rel="monetization" href="${pointer}">`
}

function scriptTag({ walletUrl }: SnippetParts): string {
  return `<script src="${walletUrl.replace(/\/$/, '')}/monetize.js" async></script>`
}

/** The file that it goes to, where there is one by custom, and its text. */
export function snippetOf(kind: Kind, parts: SnippetParts): { readonly file: string | undefined; readonly text: string } {
  const both = `${linkTag(parts)}\n${scriptTag(parts)}`
  switch (kind) {
    case 'html':
      return { file: undefined, text: both }
    case 'wordpress':
      return { file: 'wp-content/mu-plugins/rivulet.php', text: `<?php\nadd_action('wp_head', function () {\n?>\n${both}\n<?php\n});` }
    case 'hugo':
      // Most themes put this partial into the head of each page.
      return { file: 'layouts/partials/head-end.html', text: both }
    case 'jekyll':
      return { file: '_includes/custom-head.html', text: both }
    case 'eleventy':
      return { file: '_includes/base.njk', text: `<head>\n  ${both.replace('\n', '\n  ')}\n</head>` }
  }
}
