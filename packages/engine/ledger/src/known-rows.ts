/**
 * The keys of rows that this process has seen in the database, as many as it may remember; those least recently asked for are forgotten first. Only a
 * guess: another process may have removed the row since, and a forgotten one may well exist.
 */
export class KnownRows {
  readonly #keysMax: number
  #recent = new Set<string>()
  #older = new Set<string>()

  constructor(keysMax: number) {
    this.#keysMax = keysMax
  }

  has(key: string): boolean {
    if (this.#recent.has(key)) return true
    if (!this.#older.delete(key)) return false
    this.add(key)
    return true
  }

  add(key: string): void {
    this.#recent.add(key)
    if (this.#recent.size * 2 <= this.#keysMax) return
    this.#older = this.#recent
    this.#recent = new Set()
  }

  delete(key: string): void {
    this.#recent.delete(key)
    this.#older.delete(key)
  }
}
