/** Apart from the page’s words: every entrance loads it. */
export const queueErrorsEn = {
  'job-unknown': 'This job cannot be run by hand.',
}
