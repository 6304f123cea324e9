/** Apart from the page’s words: every entrance loads it. */
export const peerErrorsEn = {
  'peer-unknown': 'There is no such peer any more.',
  'peer-known': 'There already is a peer of this name, or there once was one with another asset: choose another.',
  'peers-too-many': 'There are 1,000 peers already. Remove one first.',
  'prefix-taken': 'An address or prefix leads to another peer, or to ourselves: name what lies beyond this one.',
  'token-taken': 'This token is another peer’s: give each its own.',
  'url-insecure': 'This URL carries the token in the clear: use wss:// or https://.',
}
