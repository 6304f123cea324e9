/** Small choices kept by the browser. A browser that refuses storage forgets them, and nothing else happens. */
export function remembered(name: string): string | undefined {
  try {
    return localStorage.getItem(`rivulet-${name}`) ?? undefined
  } catch {
    return undefined
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`rivulet-${name}`, value)
  } catch {
    // Storage is off or full: the choice holds until the page is left.
  }
}
