/** Apart from the page’s words: every entrance loads it. */
export const booksErrorsEn = {
  'not-found': 'There is nothing with this id. Look for it in the list.',
  'history-too-long': 'Too much has been posted since then to compute it here. Choose a later time.',
  'account-unknown': 'There is no such account.',
  'query-invalid': 'This is not accepted as it is. Check what you wrote.',
}
