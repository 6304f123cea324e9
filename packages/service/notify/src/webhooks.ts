import { type Id, newId, newSecret, type Seal } from '@rivulet/ids'
import type { GuardedFetch } from '@rivulet/outbound'
import type { Postgres } from '@rivulet/postgres'
import type { Clock, JobWatch } from '@rivulet/time'
import { z } from 'zod'
import { Deliverer } from './deliverer.ts'
import { NotifyStore } from './store.ts'
import { type Delivery, type Endpoint, eventKinds, NotifyFault } from './types.ts'

export interface WebhooksOptions {
  /** With `notifyMigrations` applied. */
  readonly postgres: Postgres
  readonly clock: Clock
  /** Seals the endpoints' secrets. */
  readonly seal: Seal
  readonly fetch: GuardedFetch
  /** Also take http. Only for the sandbox. */
  readonly allowLocal: boolean
  /** 0 to 1, for the jitter of the retries. */
  readonly random: () => number
  /** Told of every turn of the background. */
  readonly watch?: JobWatch | undefined
  readonly log: { warn(fields: object, message: string): void }
}

const kinds = z.array(z.enum(eventKinds)).min(1).max(eventKinds.length).transform((all) => [...new Set(all)])
const pageQuery = z.strictObject({ before: z.string().max(40).optional(), status: z.enum(['pending', 'delivered', 'dead']).optional(), limit: z.coerce.number().int().min(1).max(100).default(20) })

/** What is sent to add a webhook, and to change one. */
function webhookBodies(allowLocal: boolean) {
  const url = z.string().max(2_000).refine((text) => isTarget(text, allowLocal), `must be a URL such as https://host/path${allowLocal ? '' : ', over https'}, without user, password and fragment`)
  return { added: z.strictObject({ url, kinds: kinds.default([...eventKinds]), paused: z.boolean().default(false) }), changed: z.strictObject({ url: url.optional(), kinds: kinds.optional(), paused: z.boolean().optional() }) }
}

const endpointAnswer = z.strictObject({ id: z.string(), url: z.string(), kinds: z.array(z.enum(eventKinds)), paused: z.boolean(), createdAtMs: z.int() })
const deliveryAnswer = z.strictObject({
  id: z.string(), eventId: z.string(), kind: z.string(), status: z.enum(['pending', 'delivered', 'dead']), attempts: z.int(), answerCode: z.int().nullable(), error: z.string().nullable(), createdAtMs: z.int(), triedAtMs: z.int().nullable(), dueAtMs: z.int().nullable(),
})

/** What the API reference says of the routes of webhooks. */
export const webhookApi = {
  'GET /api/webhooks': { summary: 'Where webhooks are sent.', scope: 'webhooks', answer: z.strictObject({ webhooks: z.array(endpointAnswer) }) },
  'POST /api/webhooks': { summary: 'Adds one. The answer has its secret, once.', body: webhookBodies(false).added, answer: z.strictObject({ webhook: endpointAnswer, secret: z.string() }) },
  'PATCH /api/webhooks/:id': { summary: 'Changes address or kinds, or pauses it.', body: webhookBodies(false).changed, answer: z.strictObject({ webhook: endpointAnswer }) },
  'DELETE /api/webhooks/:id': { summary: 'Removes it with its deliveries.' },
  'GET /api/webhooks/:id/deliveries': { summary: 'What was sent there, attempts and answers, the newest first.', query: pageQuery, scope: 'webhooks', answer: z.strictObject({ deliveries: z.array(deliveryAnswer) }) },
  'POST /api/webhooks/:id/deliveries/:delivery/redeliver': { summary: 'Sends it again.', answer: z.strictObject({ delivery: deliveryAnswer }) },
}

/** The webhooks of publishers: where they are sent, what was sent, and the sending itself. */
export class Webhooks implements AsyncDisposable {
  readonly #options: WebhooksOptions
  readonly #store: NotifyStore
  readonly #deliverer: Deliverer
  readonly #new: z.ZodType<{ url: string; kinds: readonly Endpoint['kinds'][number][]; paused: boolean }>
  readonly #changes: z.ZodType<{ url?: string | undefined; kinds?: Endpoint['kinds'] | undefined; paused?: boolean | undefined }>

  constructor(options: WebhooksOptions) {
    this.#options = options
    this.#store = new NotifyStore(options.postgres)
    this.#deliverer = new Deliverer({ ...options, store: this.#store })
    const bodies = webhookBodies(options.allowLocal)
    this.#new = bodies.added
    this.#changes = bodies.changed
  }

  /** Begins to send in the background. */
  start(): void {
    this.#deliverer.start()
  }

  /** Sends everything that is due now. */
  deliverDue(): Promise<void> {
    return this.#deliverer.run()
  }

  /** The people who have a webhook. */
  owners(): Promise<ReadonlySet<string>> {
    return this.#store.owners()
  }

  list(ownerId: Id<'pers'>): Promise<readonly Endpoint[]> {
    return this.#store.endpoints(ownerId)
  }

  /** The secret is told here and never again. Throws `webhook-invalid`, `webhooks-too-many`. */
  async add(ownerId: Id<'pers'>, given: unknown): Promise<{ readonly endpoint: Endpoint; readonly secret: string }> {
    const { clock, seal } = this.#options
    const nowMs = clock.nowMs()
    const endpoint: Endpoint = { ...parse(this.#new, given), id: newId('hook', nowMs), createdAtMs: nowMs }
    const secret = newSecret()
    await this.#store.insertEndpoint(ownerId, endpoint, seal.seal(Buffer.from(secret), endpoint.id))
    return { endpoint, secret }
  }

  /** Throws `webhook-invalid`, `webhook-unknown`. */
  async change(ownerId: Id<'pers'>, id: string, given: unknown): Promise<Endpoint> {
    return (await this.#store.changeEndpoint(ownerId, id, parse(this.#changes, given))) ?? unknownWebhook()
  }

  /** What waits for it is not sent any more. Throws `webhook-unknown`. */
  async remove(ownerId: Id<'pers'>, id: string): Promise<void> {
    if (!(await this.#store.removeEndpoint(ownerId, id))) unknownWebhook()
  }

  /** Newest first. Throws `webhook-invalid`, `webhook-unknown`. */
  async deliveries(ownerId: Id<'pers'>, id: string, query: unknown): Promise<readonly Delivery[]> {
    const page = parse(pageQuery, query)
    if (!(await this.#store.endpoints(ownerId)).some((endpoint) => endpoint.id === id)) unknownWebhook()
    return this.#store.deliveries(ownerId, id, page)
  }

  /** Sends an event again that was delivered or given up. Throws `delivery-unknown`, `delivery-pending`. */
  redeliver(ownerId: Id<'pers'>, endpointId: string, id: string): Promise<Delivery> {
    return this.#store.redeliver({ ownerId, endpointId, id, nowMs: this.#options.clock.nowMs() })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#deliverer[Symbol.asyncDispose]()
  }
}

function isTarget(text: string, allowLocal: boolean): boolean {
  const url = URL.parse(text)
  return url !== null && (url.protocol === 'https:' || (allowLocal && url.protocol === 'http:')) && url.username === '' && url.password === '' && url.hash === ''
}

function unknownWebhook(): never {
  throw new NotifyFault('webhook-unknown', 'you have no such webhook')
}

function parse<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new NotifyFault('webhook-invalid', `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`)
}
