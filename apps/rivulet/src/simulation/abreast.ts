const doneAbreast = 200

/** Does it for all, some at a time; the answers keep their order. */
export async function abreast<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let first = 0; first < items.length; first += doneAbreast) results.push(...(await Promise.all(items.slice(first, first + doneAbreast).map(work))))
  return results
}
