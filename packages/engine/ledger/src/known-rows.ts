/**
 * What this process has seen of rows in the database, by their keys, as many as it may remember; those least recently asked for are forgotten first. Only a
 * guess: another process may have removed the row since, and a forgotten one may well exist.
 */
export class KnownRows<Row> {
  readonly #rowsMax: number
  #recent = new Map<string, Row>()
  #older = new Map<string, Row>()

  constructor(rowsMax: number) {
    this.#rowsMax = rowsMax
  }

  get(key: string): Row | undefined {
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const older = this.#older.get(key)
    if (older === undefined) return undefined
    this.#older.delete(key)
    this.set(key, older)
    return older
  }

  set(key: string, row: Row): void {
    this.#recent.set(key, row)
    if (this.#recent.size * 2 <= this.#rowsMax) return
    this.#older = this.#recent
    this.#recent = new Map()
  }

  delete(key: string): void {
    this.#recent.delete(key)
    this.#older.delete(key)
  }
}
