/** Apart from the page’s words: every entrance loads it. */
export const keyErrorsEn = {
  'key-invalid': 'This is not a public key as extensions and apps show it. Copy the whole text again; it must be the public key, of the kind Ed25519.',
  'key-differs': 'Another key with this id is registered. Revoke it first, or make a new key in the extension or app.',
  'keys-too-many': 'There are too many keys. Revoke one that is no longer used.',
  'key-unknown': 'This key had been revoked already.',
}
