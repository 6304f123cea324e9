/** The pictures of the magazine: a surface of water, drawn from the name of what it goes with. The same name gives the same water. */
import { html, type Html } from './html.ts'

const width = 1200
const height = 560
const lines = 20
const stepPixels = 12

/** Numbers between 0 and 1 that follow from a name (mulberry32 over FNV-1a). */
function numbersFrom(name: string): () => number {
  let state = 0x811c9dc5
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function waterArt(name: string): Html {
  const next = numbersFrom(name)
  const centre = width * (0.22 + 0.56 * next())
  const swell = 50 + 90 * next()
  const waves = [1, 2, 3].map((order) => ({ length: width / (order * (0.9 + next())), phase: 2 * Math.PI * next(), drift: 0.25 + 0.5 * next() }))
  const paths = Array.from({ length: lines }, (_, line) => {
    const depth = line / (lines - 1)
    const base = 190 + (height - 200) * depth ** 1.35
    const points: string[] = []
    for (let x = 0; x <= width; x += stepPixels) {
      const near = Math.exp(-(((x - centre - 140 * (depth - 0.3)) / (150 + 170 * depth)) ** 2))
      const ripple = waves.reduce((sum, { length, phase, drift }, order) => sum + Math.sin((x / length) * 2 * Math.PI + phase + line * drift) / (order + 1), 0)
      points.push(`${x} ${(base + ripple * (4 + 10 * depth) - near * swell * (1 - depth) ** 1.5).toFixed(1)}`)
    }
    return html`<path d="${`M${points.join('L')}V${height}H0Z`}"/>`
  })
  const radius = 46 + 34 * next()
  return html`<svg class="art" viewBox="0 0 ${width} ${height}" preserveAspectRatio="xMidYMin slice" aria-hidden="true" focusable="false"><circle cx="${Math.round(width * (0.31 + 0.38 * next()))}" cy="${Math.round(125 + 45 * next())}" r="${Math.round(radius)}"/>${paths}</svg>`
}
