/** A subscriber's browser without the browser: the same doors that the popup and the agent use, cookies kept apart as a browser keeps them. */
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** What the wallet says to the agent, as far as the tests look. */
export interface FromWallet {
  readonly type: string
  readonly requestId?: string
  readonly connected?: boolean
  readonly reason?: string
  readonly paymentPointer?: string
  readonly amount?: string
  readonly received?: { readonly amount: string; readonly assetCode: string; readonly assetScale: number }
  readonly incomingPayment?: string | null
}

export type Paid = FromWallet & Required<Pick<FromWallet, 'requestId' | 'amount' | 'received' | 'incomingPayment'>>

/** Cookies of one place: the wallet's own pages, or the agent inside one site. */
class Cookies {
  readonly #values = new Map<string, string>()

  get header(): string {
    return Array.from(this.#values, ([name, value]) => `${name}=${value}`).join('; ')
  }

  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';')
      const [name = '', value = ''] = pair.split(/=(.*)/s)
      if (value === '') this.#values.delete(name)
      else this.#values.set(name, value)
    }
  }
}

export class Reader {
  readonly #wallet: string
  readonly #own = new Cookies()
  readonly #agent = new Cookies()
  /** Of the account that was made. */
  email = ''
  readonly password = 'correct horse'

  constructor(wallet: string) {
    this.#wallet = wallet
  }

  /** As the popup does: a new account, then its session. */
  async signUp(name: string): Promise<void> {
    this.email = `${name.toLowerCase()}-${Date.now()}@readers.example`
    const { email, password } = this
    await this.#post(this.#own, '/api/auth/sign-up/email', { name, email, password })
    await this.#post(this.#own, '/api/auth/sign-in/email', { email, password })
  }

  async me(): Promise<{ readonly balance: { readonly posted: string; readonly pending: string; readonly accrued: string } }> {
    const response = await fetch(`${this.#wallet}/api/me`, { headers: { cookie: this.#own.header } })
    return (await response.json()) as Awaited<ReturnType<Reader['me']>>
  }

  /** The whole journey: challenge of the agent, consent in the popup, code back to the agent. */
  async connect(site: string): Promise<void> {
    const { challenge } = (await this.#post(this.#agent, '/agent/challenges', { site })) as { challenge: string }
    const { code } = (await this.#post(this.#own, `/api/connect/${challenge}/consent`, {})) as { code: string }
    await this.#post(this.#agent, '/agent/redeem', { site, code })
  }

  /** The agent's socket, attached as a visible page of the site. */
  async open(site: string): Promise<AgentSocket> {
    const socket = new WebSocket(`${this.#wallet.replace(/^http/, 'ws')}/agent/socket`, { headers: { cookie: this.#agent.header, origin: this.#wallet } })
    const agent = new AgentSocket(socket)
    await once(socket, 'open')
    agent.say({ type: 'attach', site, visible: true })
    return agent
  }

  async #post(cookies: Cookies, path: string, body: object): Promise<unknown> {
    const response = await fetch(this.#wallet + path, { method: 'POST', headers: { 'content-type': 'application/json', origin: this.#wallet, cookie: cookies.header }, body: JSON.stringify(body) })
    cookies.take(response)
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}

export class AgentSocket implements Disposable {
  readonly heard: FromWallet[] = []
  readonly #socket: WebSocket
  readonly #waiting = new Set<() => void>()

  constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data: Buffer) => {
      this.heard.push(JSON.parse(data.toString()) as FromWallet)
      for (const look of this.#waiting) look()
    })
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify(message))
  }

  /** Resolves once `enough` holds of all that was heard. */
  until(enough: (heard: readonly FromWallet[]) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!enough(this.heard)) return
        this.#waiting.delete(look)
        resolve()
      }
      this.#waiting.add(look)
      look()
    })
  }

  get paid(): readonly Paid[] {
    return this.heard.filter((message): message is Paid => message.type === 'paid')
  }

  [Symbol.dispose](): void {
    this.#socket.terminate()
  }
}
