/** What a publisher sees arrive, made of two readings of the ledger. Pure. */
import type { WalletAddress } from '@rivulet/accounts'
import type { Earnings } from '@rivulet/ledger'

export interface EarningsReading {
  readonly earnings: Earnings
  readonly atMs: number
}

/** As it goes to the page; amounts are units as decimal strings. */
export interface LiveEarnings {
  /** Days are UTC: `2026-01-31`. */
  readonly day: string
  readonly assets: readonly {
    readonly assetCode: string
    readonly assetScale: number
    /** What is owed now: posted, and arriving. */
    readonly balance: string
    /** Booked today without what was passed on, and what is arriving: only the ledger moves it. */
    readonly today: string
    readonly booked: string
    readonly passedOn: string
    readonly arriving: string
  }[]
  /** Streams that brought something within `overMs`. */
  readonly paying: number
  /** Where they are read, the most first. Origin of the page where a wallet of this provider pays, else null. */
  readonly places: readonly { readonly pointer: string; readonly site: string | null; readonly assetCode: string; readonly assetScale: number; readonly streams: number; readonly arrived: string }[]
  readonly overMs: number
  /** There are more open streams than are looked at: `paying` and `places` are of those only. The amounts are of all. */
  readonly more: boolean
}

const placesMax = 50

type Address = Pick<WalletAddress, 'url' | 'asset' | 'ledgerAccountId'>

/** @param earlier the oldest reading to compare with; without one nothing is known to be moving. */
export function liveEarningsOf(addresses: readonly Address[], { earlier, now, streamsMax }: { readonly earlier: EarningsReading | undefined; readonly now: EarningsReading; readonly streamsMax: number }): LiveEarnings {
  const byAccount = new Map(addresses.map((address) => [address.ledgerAccountId, address]))
  const before = earlier === undefined ? undefined : new Map(earlier.earnings.streams.map(({ connection, total }) => [connection, total]))
  const places = new Map<string, { pointer: string; site: string | null; assetCode: string; assetScale: number; streams: number; arrived: bigint }>()
  let paying = 0
  for (const { accountId, connection, site, total } of now.earnings.streams) {
    const address = byAccount.get(accountId)
    // One that was not there before has begun since.
    const arrived = before === undefined ? 0n : total - (before.get(connection) ?? 0n)
    if (address === undefined || arrived <= 0n) continue
    paying += 1
    const key = `${address.url} ${site ?? ''}`
    const place = places.get(key) ?? { pointer: address.url, site: site ?? null, assetCode: address.asset.code, assetScale: address.asset.scale, streams: 0, arrived: 0n }
    place.streams += 1
    place.arrived += arrived
    places.set(key, place)
  }
  return {
    day: new Date(now.atMs).toISOString().slice(0, 10),
    assets: assetsOf(addresses, now.earnings),
    paying,
    places: [...places.values()].toSorted((one, other) => other.streams - one.streams || (one.pointer < other.pointer ? -1 : 1)).slice(0, placesMax).map((place) => ({ ...place, arrived: String(place.arrived) })),
    overMs: earlier === undefined ? 0 : now.atMs - earlier.atMs,
    more: now.earnings.streams.length >= streamsMax,
  }
}

function assetsOf(addresses: readonly Address[], { accounts }: Earnings): LiveEarnings['assets'] {
  const sums = new Map<string, { assetCode: string; assetScale: number; posted: bigint; booked: bigint; passedOn: bigint; arriving: bigint }>()
  for (const { asset, ledgerAccountId } of addresses) {
    const key = `${asset.code} ${asset.scale}`
    const sum = sums.get(key) ?? { assetCode: asset.code, assetScale: asset.scale, posted: 0n, booked: 0n, passedOn: 0n, arriving: 0n }
    const found = accounts.get(ledgerAccountId)
    sum.posted += found?.posted ?? 0n
    sum.booked += found?.booked ?? 0n
    sum.passedOn += found?.passedOn ?? 0n
    sum.arriving += found?.arriving ?? 0n
    sums.set(key, sum)
  }
  return Array.from(sums.values(), ({ posted, booked, passedOn, arriving, ...asset }) => ({ ...asset, balance: String(posted + arriving), today: String(booked - passedOn + arriving), booked: String(booked), passedOn: String(passedOn), arriving: String(arriving) }))
}
