import type { Locator, Page } from 'playwright-core'
import { expect } from 'vitest'

/** Waits until an expression is true in a page, also in one that is hidden or whose policy forbids `eval`. */
export async function until(page: Page, expression: string): Promise<void> {
  await expect.poll(() => page.evaluate(`Boolean(${expression})`), { timeout: 60_000, interval: 20, message: expression }).toBe(true)
}

/** Clicks what closes its window, which may be gone before the browser has told that the click is done. */
export async function clickAway(popup: Page, button: Locator): Promise<void> {
  const clicked = button.click().catch((error: unknown) => {
    if (!popup.isClosed()) throw error
  })
  await Promise.all([popup.waitForEvent('close'), clicked])
}
