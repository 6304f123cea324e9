/** Apart from the page’s words: every entrance loads it. */
export const limitErrorsEn = {
  'rate-out-of-range': 'This rate is too far from that of your plan: choose one between a fiftieth and twenty times of it.',
}
