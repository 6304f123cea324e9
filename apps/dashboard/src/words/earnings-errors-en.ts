/** Apart from the page’s words: every entrance loads it. */
export const earningsErrorsEn = {
  'followers-too-many': 'Too many of your pages follow live. Close some of them.',
  'too-many-requests': 'That was too much at once. Wait a few seconds, then try again.',
  'api-key-invalid': 'A key needs a name of at most 60 characters and at least one thing that it may read.',
  'api-key-unknown': 'This key had been revoked already.',
  'api-keys-too-many': 'There are too many keys: at most 20. Revoke one that is no longer used.',
}
