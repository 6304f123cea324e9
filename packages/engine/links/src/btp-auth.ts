import { ContentType, encodeFrame, type Frame, FrameType } from '@rivulet/btp'

export interface BtpCredentials {
  /** May be empty: the token alone names the peer. */
  readonly username: string
  readonly token: string
}

/** The first frame of a BTP connection (RFC 23, authentication). */
export function authFrame(requestId: number, { username, token }: BtpCredentials): Buffer {
  return encodeFrame({
    type: FrameType.message,
    requestId,
    protocols: [
      { name: 'auth', contentType: ContentType.octets, data: Buffer.alloc(0) },
      { name: 'auth_username', contentType: ContentType.text, data: Buffer.from(username) },
      { name: 'auth_token', contentType: ContentType.text, data: Buffer.from(token) },
    ],
  })
}

/** What a first frame says about who connects; undefined when it is no auth frame. */
export function credentialsOf(frame: Frame): BtpCredentials | undefined {
  const text = (name: string): string | undefined => frame.protocols.find((protocol) => protocol.name === name)?.data.toString('utf8')
  const token = text('auth_token')
  if (frame.type !== FrameType.message || frame.protocols[0]?.name !== 'auth' || token === undefined) return undefined
  return { username: text('auth_username') ?? '', token }
}
