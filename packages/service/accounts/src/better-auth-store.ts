import { createHash } from 'node:crypto'
import type { Postgres } from '@rivulet/postgres'
import type { BetterAuthOptions, DBAdapter, DBTransactionAdapter, Where } from 'better-auth'
import { getAdapter } from 'better-auth/db/adapter'
import type { Role } from './types.ts'

/** better-auth's tables and columns under our names. */
export const betterAuthNames = {
  user: { modelName: 'person', fields: { emailVerified: 'email_verified', createdAt: 'created_at', updatedAt: 'updated_at' } },
  session: {
    modelName: 'session',
    fields: { userId: 'person_id', token: 'token_hash', expiresAt: 'expires_at', ipAddress: 'ip_address', userAgent: 'user_agent', createdAt: 'created_at', updatedAt: 'updated_at' },
  },
  account: {
    modelName: 'credential',
    fields: {
      userId: 'person_id', accountId: 'account_id', providerId: 'provider_id', accessToken: 'access_token', refreshToken: 'refresh_token', idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at', refreshTokenExpiresAt: 'refresh_token_expires_at', createdAt: 'created_at', updatedAt: 'updated_at',
    },
  },
  verification: { modelName: 'verification', fields: { expiresAt: 'expires_at', createdAt: 'created_at', updatedAt: 'updated_at' } },
  rateLimit: { modelName: 'rate_limit', fields: { lastRequest: 'last_request' } },
} as const satisfies Pick<BetterAuthOptions, 'user' | 'session' | 'account' | 'verification' | 'rateLimit'>

/** better-auth's own kysely adapter over our pool and schema, seen by one entrance: only people of its role exist, and session tokens are stored hashed. */
export async function entranceAdapter(postgres: Postgres, role: Role, options: BetterAuthOptions): Promise<DBAdapter> {
  const base = await getAdapter({ ...options, database: { db: postgres.kysely(), type: 'postgres', schemaName: 'accounts', transaction: true } })
  const { transaction, ...operations } = base
  return { ...seenBy(role, operations), transaction: (work) => transaction((inner) => work(seenBy(role, inner))) }
}

function seenBy(role: Role, inner: DBTransactionAdapter): DBTransactionAdapter {
  const narrowed = <Query extends { model: string; where?: Where[] | undefined }>(query: Query): Query => {
    if (query.model === 'session') return { ...query, where: query.where?.map((term) => (term.field === 'token' ? { ...term, value: hashed(term.value) } : term)) }
    return query.model === 'user' ? { ...query, where: [...(query.where ?? []), { field: 'role', value: role }] } : query
  }
  return {
    ...inner,
    async create<T extends Record<string, unknown>, R = T>(query: Parameters<typeof inner.create<T, R>>[0]): Promise<R> {
      const token: unknown = query.data['token']
      if (query.model !== 'session' || typeof token !== 'string') return inner.create<T, R>(query)
      return { ...(await inner.create<T, R>({ ...query, data: { ...query.data, token: hashOf(token) } })), token }
    },
    findOne: async (query) => withToken(query, await inner.findOne(narrowed(query))),
    findMany: async <T>(query: Parameters<typeof inner.findMany>[0]) => (await inner.findMany<T>(narrowed(query))).map((row) => withToken(query, row)),
    count: (query) => inner.count(narrowed(query)),
    update: async (query) => withToken(query, await inner.update(narrowed(query))),
    updateMany: (query) => inner.updateMany(narrowed(query)),
    delete: (query) => inner.delete(narrowed(query)),
    deleteMany: (query) => inner.deleteMany(narrowed(query)),
    consumeOne: async (query) => withToken(query, await inner.consumeOne(narrowed(query))),
    incrementOne: (query) => inner.incrementOne(narrowed(query)),
  }
}

/** better-auth goes on with the row's token: it gets back the one it asked for, not the hash. */
function withToken<Row>(query: { model: string; where?: Where[] | undefined }, row: Row): Row {
  if (query.model !== 'session' || typeof row !== 'object' || row === null) return row
  const asked = query.where?.find(({ field, value }) => field === 'token' && typeof value === 'string')
  return asked === undefined ? row : { ...row, token: asked.value }
}

function hashed(value: Where['value']): Where['value'] {
  if (typeof value === 'string') return hashOf(value)
  return Array.isArray(value) ? value.map((token) => hashOf(String(token))) : value
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
