/** Apart from the page’s words: every entrance loads it. */
export const grantErrorsEn = {
  'interaction-unknown': 'This request is not known. Go back to the app and start again.',
  'interaction-foreign': 'This asks for a wallet that is not yours. Sign in with the account it belongs to, or decline.',
  'grant-decided': 'This has been decided already.',
  'grant-ended': 'This request is too old, or was withdrawn. Go back to the app and start again.',
  'grant-unknown': 'This app had no access any more.',
}
