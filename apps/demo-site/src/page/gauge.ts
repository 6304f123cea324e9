/**
 * The tide gauge, in the reader's browser. It listens to what the page is told and moves at nothing else: `monetization` events at links,
 * the legacy events of `document.monetization`, and the state that the wallet's script tells in `rivulet` events.
 */
interface Told {
  readonly states: Readonly<Record<string, string>>
  readonly reasons: Readonly<Record<string, string>>
}

interface LegacyProgress {
  readonly amount: string
  readonly assetCode: string
  readonly assetScale: number
}

type MonetizationEvent = Event & { readonly amountSent: { readonly value: string; readonly currency: string } }

const decimals = 9
const eventsPerTide = 60

const gauge = document.querySelector<HTMLElement>('.gauge')
if (gauge !== null && gauge.dataset['api'] !== 'none') watch(gauge, gauge.dataset['api'] === 'legacy')

function watch(gauge: HTMLElement, legacy: boolean): void {
  const { states, reasons } = JSON.parse(gauge.dataset['words'] ?? '') as Told
  const totals = new Map<string, bigint>()
  let count = 0

  const write = (selector: string, text: string): void => {
    const element = gauge.querySelector(selector)
    if (element !== null) element.textContent = text
  }
  const tell = (state: string, reason = ''): void => {
    gauge.dataset['state'] = state
    write('[data-status]', reasons[reason] ?? states[state] ?? '')
  }
  const add = (key: string, value: string, currency: string): string => {
    const sum = (totals.get(key) ?? 0n) + billionths(value)
    totals.set(key, sum)
    return written(sum, currency)
  }
  const paid = (value: string, currency: string, author?: string): void => {
    count += 1
    write('[data-amount]', add('', value, currency))
    write('[data-count]', String(count))
    if (author !== undefined) write(`[data-tally="${CSS.escape(author)}"]`, add(author, value, currency))
    gauge.style.setProperty('--level', String((((count - 1) % eventsPerTide) + 1) / eventsPerTide))
    if (!document.hidden) tell('paying')
    for (const locked of document.querySelectorAll('[data-locked]')) locked.remove()
    for (const exclusive of document.querySelectorAll<HTMLElement>('[data-exclusive]')) exclusive.hidden = false
  }

  document.addEventListener('rivulet', (event) => {
    const { state, reason } = (event as CustomEvent<{ state: string; reason?: string }>).detail
    tell(state, reason)
  })
  if (!legacy) {
    document.addEventListener('monetization', (event) => {
      const { amountSent, target } = event as MonetizationEvent
      paid(amountSent.value, amountSent.currency, (target as HTMLElement).dataset['author'])
    })
  }
  addEventListener('load', () => {
    // With an extension, or a browser that monetizes by itself, no `rivulet` event comes: the gauge waits for the first payment.
    if (gauge.dataset['state'] === 'starting') tell('connecting')
    const { monetization } = document as { monetization?: EventTarget }
    if (legacy) {
      monetization?.addEventListener('monetizationprogress', (event) => {
        const { amount, assetCode, assetScale } = (event as CustomEvent<LegacyProgress>).detail
        const digits = amount.padStart(assetScale + 1, '0')
        paid(`${digits.slice(0, digits.length - assetScale)}.${digits.slice(digits.length - assetScale)}`, assetCode)
      })
    }
  })
}

/** A decimal in billionths: money is summed as whole numbers. */
function billionths(value: string): bigint {
  const [whole = '', fraction = ''] = value.split('.')
  return BigInt(whole + fraction.slice(0, decimals).padEnd(decimals, '0'))
}

function written(sum: bigint, currency: string): string {
  const text = sum.toString().padStart(decimals + 1, '0')
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: 'currency', currency, minimumFractionDigits: 6, maximumFractionDigits: 6 })
  return format.format(`${text.slice(0, -decimals)}.${text.slice(-decimals)}` as Intl.StringNumericLiteral)
}

export {}
