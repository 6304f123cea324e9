/** A wallet address elsewhere that takes nothing is given up in time, or by operators, and what has gathered for it goes back into the budgets it came from. */
import type { WalletAddress } from '@rivulet/accounts'
import { Funding, fundingMigrations, FundingStore, InvoiceStore, SandboxProvider, SandboxStore, ShareReturns, ShareReturnStore } from '@rivulet/funding'
import { type Id, newId, Seal } from '@rivulet/ids'
import { Mails, notifyMigrations } from '@rivulet/notify'
import { Splits } from '@rivulet/receiver'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { everybody } from './everybody.ts'
import { GivingUp } from './giving-up.ts'
import { PayeesElsewhere } from './payees-elsewhere.ts'
import type { PayoutsOptions } from './payouts.ts'
import { type SendingRail, RailRefusal } from './rails/rail.ts'
import { sharesElsewhere, statesElsewhere } from './shares-elsewhere.ts'
import { givingBack } from './split-returns.ts'
import { cent, eur, type House, openHouse } from './test-house.ts'

const dayMs = 86_400_000
const there = 'https://closed.example/bob'
const price = 600n * cent

let house: House
/** Of Mara: `https://pay.example/mara`. */
let pointer: WalletAddress
let funding: Funding
let returns: ShareReturns
let elsewhere: PayeesElsewhere
let givingUp: GivingUp
let gone: Set<string>
let mails: Mails
let people: readonly { readonly name: string; readonly personId: Id<'pers'>; readonly accountId: Id<'acct'> }[]
/** What the other side does with a payout. */
let answers: 'refuses' | 'is slow' | 'loses it'
let eyes: Map<string, string>

const rail: SendingRail = {
  name: 'interledger',
  prepare: () => (answers === 'refuses' ? Promise.reject(new RailRefusal('this wallet address is closed')) : Promise.resolve('https://closed.example/incoming/1')),
  send: () => Promise.resolve(),
  check: () => Promise.resolve(answers === 'loses it' ? { status: 'failed', reason: 'the payment did not arrive', carried: 0n } : { status: 'waiting' }),
}

beforeEach(async () => {
  gone = new Set()
  eyes = new Map()
  answers = 'refuses'
  house = await openHouse({ giveBack: (id) => givingBack({ ledger: house.ledger, toBudgets: (gathered) => returns.empty(gathered), accounts: { walletAddressById: (of) => Promise.resolve(of === pointer.id ? pointer : undefined) } })(id) }, [notifyMigrations, fundingMigrations])
  const { ledger, clock, postgres, payouts, store } = house
  pointer = { id: newId('wadr', clock.nowMs()), personId: house.mara.personId, role: 'publisher', path: 'mara', url: 'https://pay.example/mara', publicName: 'Mara', asset: eur, ledgerAccountId: house.mara.accountId, main: true }
  payouts.sendBy(rail)
  const plans = new FundingStore(postgres)
  returns = new ShareReturns({ store: plans, returns: new ShareReturnStore(postgres), ledger, clock, isThere: (id) => Promise.resolve(!gone.has(id)) })
  givingUp = new GivingUp({ store: store.unpaid, ledger, terms: { ...payouts.terms, fourEyesAbove: 700n * cent }, clock, eyes: () => Promise.resolve(eyes) })
  elsewhere = new PayeesElsewhere({ ledger, payouts, store, clock, publicUrls: ['https://pay.example'], resolver: { lookUp: (pointer) => Promise.resolve({ paymentPointer: pointer, payee: undefined }) } })
  const sandbox = new SandboxProvider(new SandboxStore(postgres), clock)
  await plans.offer([{ key: 'reader', name: 'Reader', price, asset: eur, period: 'month', feeBasisPoints: 0, rate: 100_000n, pacing: 'stream', trialDays: 0 }], () => newId('plan', clock.nowMs()))
  const attention = [{ payee: there, ms: 60_000 }, { payee: 'https://pay.example/mara', ms: 60_000 }]
  mails = new Mails({ postgres, clock, mailbox: true, server: undefined, seal: new Seal(Buffer.alloc(32, 7)), random: () => 1, log: { warn: () => undefined } })
  people = []
  funding = new Funding({
    store: plans, ledger, clock, log: { warn: () => undefined, error: () => undefined }, providers: [sandbox], background: false, mails, readerOf: (id) => Promise.resolve(gone.has(id) ? undefined : { name: 'Her', email: people.find(({ personId }) => personId === id)?.name ?? 'nobody', language: 'en', url: 'https://wallet.example/subscription' }),
    invoices: new InvoiceStore(postgres), invoiceTerms: { seller: { name: 'Rivulet Test', address: [] }, prefix: 'T-', vatBasisPoints: 0 },
    attentionOf: (_person, _from, to) => Promise.resolve(attention.map((one) => ({ ...one, day: new Date(Date.parse(to) - 3 * dayMs).toISOString().slice(0, 10), score: 0n }))),
    accountOf: (payee) => (payee === there ? elsewhere.accountOf(payee) : Promise.resolve(payee === 'https://pay.example/mara' ? house.mara.accountId : undefined)),
    creditable: async (all) => new Set([...all.filter((payee) => payee !== there), ...(await elsewhere.among(all))]),
  })
  people = await Promise.all(['alice', 'beth'].map(async (name) => {
    const { id: accountId } = await ledger.openAccount({ name: `subscriber[${name}]`, kind: 'subscriber', asset: eur, debitsMayExceedCredits: false })
    const personId = newId('pers', 1)
    people = [...people, { name, personId, accountId }]
    await funding.subscribe({ personId, accountId, planId: (await funding.plans())[0]?.id ?? '', provider: sandbox.name, card: sandbox.card('4242 4242 4242 4242'), policy: { kind: 'time' } })
    return { name, personId, accountId }
  }))
})
afterEach(async () => {
  await funding[Symbol.asyncDispose]()
  await house[Symbol.asyncDispose]()
})

/** Each of the two has shared 3.00 with the address, and 3.00 with Mara. */
async function monthOver(): Promise<Id<'acct'>> {
  house.clock.jump(31 * dayMs)
  await funding.work()
  const account = await house.ledger.accountByName((await gatheringName()) ?? '')
  return account?.id ?? 'acct_'
}

async function gatheringName(): Promise<string | undefined> {
  return (await house.postgres.pool.query<{ name: string }>("select name from ledger.accounts where name like 'elsewhere[%'")).rows[0]?.name
}

async function morning(payouts = house.payouts): Promise<void> {
  house.clock.jump(dayMs)
  await payouts.work()
}

async function rows(): Promise<readonly string[]> {
  return (await house.rows()).filter((row) => /elsewhere|share-return|unclaimed/.test(row)).map((row) => row.replace(/elsewhere\[[^\]]*\]/, 'elsewhere[bob]'))
}

/** Whom she was written to about what came back, and how much that was. */
async function told(): Promise<readonly string[]> {
  await mails.sendDue()
  return (await mails.mailbox()).filter(({ template }) => template === 'share-returned').map(({ to, subject }) => `${to}: ${subject}`).toSorted()
}

async function carried(): Promise<readonly (bigint | undefined)[]> {
  return Promise.all(people.map(async ({ personId }) => (await funding.of(personId))?.carried))
}

const action = (operator: string, name: string, subject: string) => ({ operator, name, subject })
const giveUp = (account: string, by: string) => givingUp.giveUp(account, { by, reason: 'the site has closed', action: { ...action(by, 'payee.give-up', account), reason: 'the site has closed' } })
const each = 300n * cent
const gathered = [`sharing -> elsewhere[bob] ${each} share`, `sharing -> elsewhere[bob] ${each} share`]
const tried = [`elsewhere[bob] -> payout[interledger] ${2n * each} payout`, `payout[interledger] -> elsewhere[bob] ${2n * each} payout-return`]
const back = [`elsewhere[bob] -> sharing ${2n * each} share-return`, `sharing -> subscriber[alice] ${each} share-returned`, `sharing -> subscriber[beth] ${each} share-returned`]

test('after its patience of nothing but failures the address is given up: each has back in her budget what she gave, once, and nobody shares with it any more', async () => {
  const account = await monthOver()
  const short: Partial<PayoutsOptions> = { terms: { ...house.payouts.terms, patienceMs: 2 * dayMs } }
  const [impatient, another] = [house.open(short, rail), house.open(short, rail)]
  for (let day = 1; day <= 2; day += 1) await morning(impatient)
  expect(await givingUp.list()).toMatchObject([{ accountId: account, shown: there, failures: 2, waiting: 2n * each, reason: 'this wallet address is closed', underWay: false, givingUp: undefined }])
  // Two days after the first failure it is asked no more, whichever process looks.
  await morning(impatient)
  await Promise.all([another.work(), impatient.work()])
  await funding.work()
  expect(await givingUp.list()).toMatchObject([{ failures: 2, waiting: 0n, givingUp: { by: 'schedule', reason: 'this wallet address is closed', atMs: house.clock.nowMs() } }])
  expect((await rows()).toSorted()).toEqual([...gathered, ...tried, ...tried, ...back].toSorted())
  expect([await carried(), (await house.posted())['sharing']]).toEqual([[each, each], undefined])
  for (let day = 1; day <= 2; day += 1) await morning(impatient)
  await funding.work()
  expect((await rows()).length).toBe(9)
  expect(await told()).toEqual(['alice: €3.00 came back to you', 'beth: €3.00 came back to you'])
  expect(await elsewhere.among([there])).toEqual(new Set())
  expect((await funding.preview(people[0]?.personId ?? 'pers_')).shares.map(({ id }) => id)).toEqual(['https://pay.example/mara'])
})

test('an operator gives it up at once, with a reason that is written down; not while a payout is under way, and above the limit two operators do; what comes later goes back as well; tried again, it is paid again', async () => {
  const account = await monthOver()
  answers = 'is slow'
  await morning()
  await expect(giveUp(account, 'olivia')).rejects.toMatchObject({ code: 'payout-state' })
  answers = 'loses it'
  house.clock.jump(60_000)
  await house.payouts.work()
  answers = 'refuses'
  await expect(giveUp(house.mara.accountId, 'olivia')).rejects.toMatchObject({ code: 'payee-unknown' })
  expect(await giveUp(account, 'olivia')).toMatchObject({ givingUp: { by: 'olivia', atMs: house.clock.nowMs() } })
  await expect(giveUp(account, 'paul')).rejects.toMatchObject({ code: 'payout-state' })
  await house.payouts.work()
  await funding.work()
  expect((await rows()).toSorted()).toEqual([...gathered, ...tried, ...back].toSorted())
  // A share that was fixed before comes now, and what nobody gave: the one goes where it came from, the other to nobody.
  const [alice] = people
  const subscription = await funding.of(alice?.personId ?? 'pers_')
  const give = (key: string, amount: bigint) => house.ledger.transfer({ key, debitAccountId: house.mara.accountId, creditAccountId: account, amount, reason: 'correction' })
  await give(`share:${subscription?.subscription.id}/99/${there}`, 5n)
  await give('by hand', 7n)
  await morning()
  await funding.work()
  expect((await rows()).slice(-5).toSorted()).toEqual([
    // Less than a cent is nothing to be written to about.
    'elsewhere[bob] -> sharing 12 share-return', 'publisher[mara] -> elsewhere[bob] 5 correction', 'publisher[mara] -> elsewhere[bob] 7 correction', 'sharing -> subscriber[alice] 5 share-returned', 'sharing -> unclaimed 7 share-unclaimed',
  ].toSorted())
  expect(await told()).toEqual(['alice: €3.00 came back to you', 'beth: €3.00 came back to you'])
  await givingUp.tryAgain(account, action('olivia', 'payee.try-again', account))
  await expect(givingUp.tryAgain(account, action('olivia', 'payee.try-again', account))).rejects.toMatchObject({ code: 'payout-state' })
  expect([await elsewhere.among([there]), await givingUp.list()]).toMatchObject([new Set([there]), [{ failures: 0, givingUp: undefined }]])
  // More than one operator may decide about.
  await house.earn(200n * cent)
  await give('a lot', 701n * cent)
  await morning()
  expect(await givingUp.list()).toMatchObject([{ failures: 1, waiting: 701n * cent }])
  expect(await giveUp(account, 'olivia')).toMatchObject({ givingUp: { by: 'olivia', atMs: undefined } })
  await expect(giveUp(account, 'olivia')).rejects.toMatchObject({ code: 'approver-same' })
  eyes.set('olivia', 'olivia').set('paul', 'olivia')
  await expect(giveUp(account, 'paul')).rejects.toMatchObject({ code: 'approver-bound' })
  expect(await giveUp(account, 'rosa')).toMatchObject({ givingUp: { by: 'olivia', agreedBy: 'rosa', atMs: house.clock.nowMs() } })
  await house.payouts.work()
  expect((await rows()).at(-1)).toBe(`sharing -> unclaimed ${701n * cent} share-unclaimed`)
  const { rows: written } = await house.postgres.pool.query<{ said: string }>("select name || ' ' || operator || ' ' || coalesce(reason, '-') as said from audit.actions order by id")
  expect(written.map(({ said }) => said).toSorted()).toEqual(['payee.give-up olivia the site has closed', 'payee.give-up olivia the site has closed', 'payee.give-up rosa the site has closed', 'payee.try-again olivia -'])
})

test('who has left since gets nothing: her part is nobody’s; and of a payment that arrived in part the newest shares are still there', async () => {
  const account = await monthOver()
  // The other side took the oldest 4.00 of 6.00.
  const [one, two] = await Promise.all(people.map(async ({ personId }) => (await funding.of(personId))?.subscription.id ?? ''))
  const { rows: order } = await house.postgres.pool.query<{ key: string }>('select key from ledger.transfers where credit_account_id = $1 order by id desc', [account])
  const newest = order[0]?.key.includes(one ?? '-') === true ? 0 : 1
  await house.ledger.transfer({ key: 'arrived', debitAccountId: account, creditAccountId: house.mara.accountId, amount: 400n * cent, reason: 'correction' })
  expect([one, two].every((id) => order.some(({ key }) => key.includes(id ?? '-')))).toBe(true)
  await giveUp(account, 'olivia')
  await house.payouts.work()
  await funding.work()
  expect(await carried()).toEqual(newest === 0 ? [200n * cent, 0n] : [0n, 200n * cent])
  await givingUp.tryAgain(account, action('olivia', 'payee.try-again', account))
  await monthOver()
  gone.add(people[1]?.personId ?? '')
  const before = await rows()
  await giveUp(account, 'olivia')
  await house.payouts.work()
  await funding.work()
  const after = (await rows()).slice(before.length)
  const mine = BigInt(/ (\d+) share-returned$/.exec(after.find((row) => row.endsWith('share-returned')) ?? '')?.[1] ?? '0')
  const whole = BigInt(/ (\d+) share-return$/.exec(after.find((row) => row.endsWith('share-return')) ?? '')?.[1] ?? '0')
  expect(after.toSorted()).toEqual([`elsewhere[bob] -> sharing ${whole} share-return`, `sharing -> subscriber[alice] ${mine} share-returned`, `sharing -> unclaimed ${whole - mine} share-unclaimed`].toSorted())
  expect([mine > 0n, whole - mine > 0n]).toEqual([true, true])
})

test('a payout that was on its way when the address was given up goes back when it has failed; and a process that dies between two steps of giving back is followed by another, once', async () => {
  const account = await monthOver()
  answers = 'is slow'
  await giveUp(account, 'olivia')
  // Another process had found it due just before.
  await house.payouts.request({ payee: { personId: everybody.personId, accountId: account, asset: eur }, amount: 'all', key: 'schedule:1', by: { kind: 'schedule', id: 'daily' } })
  await house.payouts.work()
  await funding.work()
  expect(await rows()).toEqual([...gathered, tried[0]])
  answers = 'loses it'
  house.clock.jump(60_000)
  await house.payouts.work()
  class Dying extends ShareReturnStore {
    override moved(): Promise<void> {
      return Promise.reject(new Error('the process died'))
    }
  }
  const dying = new ShareReturns({ store: new FundingStore(house.postgres), returns: new Dying(house.postgres), ledger: house.ledger, clock: house.clock, isThere: () => Promise.resolve(true) })
  await expect(dying.empty(account)).rejects.toThrow('the process died')
  // It has left the account, and nobody has it yet.
  expect([(await house.posted())['sharing'], await carried()]).toEqual([2n * each, [0n, 0n]])
  await Promise.all([returns.empty(account), returns.empty(account)])
  for (let again = 0; again < 2; again += 1) await funding.work()
  expect((await rows()).toSorted()).toEqual([...gathered, ...tried, ...back].toSorted())
  expect([await carried(), (await house.posted())['sharing'], await returns.empty(account)]).toEqual([[each, each], undefined, 0n])
})

test('what a pointer shares with an address that takes nothing goes back to the pointer once that is given up, to the unit, is divided no more, and comes back each morning until it is tried again', async () => {
  const { ledger, clock, postgres, payouts, store, mara } = house
  const sharing = sharesElsewhere({ ledger, payouts, store, publicUrls: ['https://pay.example'], resolver: { lookUp: (to) => Promise.resolve({ paymentPointer: to, payee: undefined }) } })
  await using splits = new Splits({
    postgres, ledger, clock, allowLocal: false, log: { warn: () => undefined }, elsewhere: sharing, statesElsewhere: statesElsewhere({ ledger, store }),
    accounts: { walletAddresses: () => Promise.resolve([pointer]), walletAddressByUrl: (url) => Promise.resolve(url === pointer.url ? pointer : undefined), walletAddressById: () => Promise.resolve(pointer) },
  })
  await splits.change(mara.personId, pointer.id, [{ pointer: pointer.url, weight: 2 }, { pointer: there, weight: 1 }])
  const earn = async (amount: bigint): Promise<void> => {
    await house.earn(amount)
    await splits.move()
  }
  await earn(900n * cent + 1n)
  await morning()
  const [payee] = await givingUp.list()
  expect(payee).toMatchObject({ shown: there, personId: mara.personId, failures: 1, waiting: 300n * cent })
  // Who is paid out elsewhere herself is nobody's share.
  await payouts.setMethod(mara, { destination: { rail: 'interledger', walletAddress: there }, schedule: 'daily', threshold: 100n * cent })
  await morning()
  expect((await givingUp.list()).map(({ accountId }) => accountId)).toEqual([payee?.accountId])
  await expect(giveUp(mara.accountId, 'olivia')).rejects.toMatchObject({ code: 'payee-unknown' })
  await payouts.setMethod(mara, { destination: { rail: 'manual', instructions: 'cash, at the desk' }, schedule: 'none', threshold: 0n })
  await giveUp(payee?.accountId ?? '', 'olivia')
  const another = house.open({}, rail)
  await Promise.all([payouts.work(), another.work()])
  const splitRows = async () => (await rows()).filter((row) => /split/.test(row))
  const [gave, back] = [`publisher[mara] -> elsewhere[bob] ${300n * cent} split`, `elsewhere[bob] -> publisher[mara] ${300n * cent} split-return`]
  expect(await splitRows()).toEqual([gave, back])
  await splits.move()
  expect([await splitRows(), (await house.posted())['publisher[mara]']]).toEqual([[gave, back], 900n * cent + 1n])
  expect((await splits.list(mara.personId))[0]?.since?.parts[1]?.elsewhere).toMatchObject({ waiting: 0n, givenUpMs: clock.nowMs() })
  // Of what comes later a third is still for it, and comes back as well.
  await earn(600n * cent)
  await morning()
  expect((await splitRows()).slice(2)).toEqual([`publisher[mara] -> elsewhere[bob] ${200n * cent} split`, `elsewhere[bob] -> publisher[mara] ${200n * cent} split-return`])
  expect((await house.posted())['publisher[mara]']).toBe(1_500n * cent + 1n)
  await givingUp.tryAgain(payee?.accountId ?? '', action('olivia', 'payee.try-again', payee?.accountId ?? ''))
  await earn(300n * cent)
  await morning()
  expect((await givingUp.list())[0]).toMatchObject({ givingUp: undefined, failures: 1, waiting: 100n * cent })
})
