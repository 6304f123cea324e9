/** The whole product in a process of its own, as a person starts it, with a fresh data folder. */
import { type GuestLedger, guestLedger } from '../support/books.ts'
import { type Ready, Server } from '../support/product.ts'
import { sandboxFolder } from '../support/shared-folder.ts'

export interface Product extends Ready, AsyncDisposable {
  /** What belongs to an account, in units: posted, and accrued on streams that are open. */
  readonly balance: (path: string) => Promise<bigint>
  /** Beside it, to plant and to look. */
  readonly books: GuestLedger
  /** Whether the books are right, and what the proof says otherwise. */
  readonly verify: () => Promise<{ readonly ok: boolean }>
}

/** Runs `rivulet up` on ports of its own. It ends, and its folder goes, with the object. */
export async function startProduct(): Promise<Product> {
  await using building = new AsyncDisposableStack()
  const { path: folder, databaseUrl: url } = building.use(await sandboxFolder())
  const { ready } = building.use(await Server.start(['up', '--port', '0', '--data', folder]))
  const books = building.use(await guestLedger({ url }))
  const all = building.move()
  return {
    ...ready,
    books,
    async balance(path) {
      const { posted, accrued } = await books.balanceOf(path)
      return posted + accrued
    },
    verify: () => books.ledger.verify(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
