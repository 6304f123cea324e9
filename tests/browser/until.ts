import type { Page } from 'playwright-core'
import { expect } from 'vitest'

/** Waits until an expression is true in a page, also in one that is hidden or whose policy forbids `eval`. */
export async function until(page: Page, expression: string): Promise<void> {
  await expect.poll(() => page.evaluate(`Boolean(${expression})`), { timeout: 60_000, interval: 20, message: expression }).toBe(true)
}
