/** The public keys of a person's clients. */
export const keysEn = {
  keys: {
    title: 'Keys',
    why: 'A browser extension or an app signs what it asks with a key of its own. Its public half belongs here, so that everybody can check the signature.',
    add: 'Add a key',
    order: 'Add the key here first, then press Connect in the extension or app. In the other order nothing happens there, and it does not say why.',
    address: 'For the wallet address',
    key: 'Public key',
    keyWhy: 'Copy the long text that the extension or app shows, and paste it as it is.',
    name: 'Name',
    nameWhy: 'To know it again, for example “Browser at home”.',
    list: 'Your keys',
    id: 'Key id',
    added: 'Added: {{kid}}. Now you can connect.',
    empty: 'No key yet',
    emptyWhy: 'A key that you add is listed here, and you can revoke it at any time.',
    revokeSure: 'Revoke {{name}}? What signs with it can ask for nothing more.',
    revoked: '{{name}} has been revoked.',
  },
}
