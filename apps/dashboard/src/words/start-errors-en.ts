/** Apart from the page’s words: every entrance loads it. */
export const startErrorsEn = {
  'page-invalid': 'Write the address of a page, of at most 2,000 characters.',
  'pointer-unknown': 'This pointer is not yours any more. Load the page again.',
  'test-stream-runs': 'A test stream is running already. Wait until it has ended.',
  'wallet-not-running': 'The wallet of this sandbox does not run. Start it, then try again.',
}
