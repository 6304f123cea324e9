/** SHA-256 over a transfer's previous hash (hex) and its content, as docs/ledger.md says: hex. The browser offers it on https and on localhost only; elsewhere this throws. */
export async function hashOf(previous: string, content: string): Promise<string> {
  const before = Uint8Array.from(previous.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
  const after = new TextEncoder().encode(content)
  const bytes = new Uint8Array(before.length + after.length)
  bytes.set(before)
  bytes.set(after, before.length)
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
