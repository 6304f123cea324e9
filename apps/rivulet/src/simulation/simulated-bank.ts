/** The bank of a simulation: takes our files (pain.001), and says each morning what it booked the day before (camt.053): payments, some of which come back, what providers pay in, and its own fee. */
import { ourIban } from './world.ts'

interface Booking {
  readonly cents: bigint
  readonly endToEndId: string
  readonly returned: boolean
}

/** What it takes for a file. */
const feeCents = 12n

export class SimulatedBank {
  readonly #random: () => number
  #bookings: Booking[] = []
  /** Of what was booked yesterday, what comes back today. */
  #returning: Booking[] = []
  #balance = 0n
  #statements = 0

  constructor(random: () => number) {
    this.#random = random
  }

  /** What the file asks for is booked today. One in forty accounts is closed by then. */
  take(file: string): void {
    const payments = Array.from(file.matchAll(/<EndToEndId>([^<]+)<\/EndToEndId>[\s\S]*?<InstdAmt Ccy="EUR">([0-9.]+)<\/InstdAmt>[\s\S]*?<Nm>([^<]+)<\/Nm>/g), ([, endToEndId = '', amount = '', name = '']) => ({ endToEndId, amount, name }))
    // In an order that is the same for the same seed: ids are not.
    for (const { endToEndId, amount } of payments.toSorted((one, other) => (one.name < other.name ? -1 : 1))) {
      const booking = { cents: -BigInt(amount.replace('.', '')), endToEndId, returned: false }
      this.#bookings.push(booking)
      if (this.#random() < 0.025) this.#returning.push({ ...booking, cents: -booking.cents, returned: true })
    }
    this.#bookings.push({ cents: -feeCents, endToEndId: 'NOTPROVIDED', returned: false })
  }

  /** A provider pays in what it held for us. */
  payIn(cents: bigint, reference: string): void {
    this.#bookings.push({ cents, endToEndId: reference, returned: false })
  }

  /** Undefined on a day without a booking. @param day `2027-01-31` */
  statement(day: string): string | undefined {
    const bookings = this.#bookings
    // What comes back does so a day later.
    this.#bookings = this.#returning
    this.#returning = []
    if (bookings.length === 0) return undefined
    this.#statements += 1
    const opening = this.#balance
    this.#balance += bookings.reduce((sum, { cents }) => sum + cents, 0n)
    const id = `SIM-${this.#statements}`
    const entries = bookings.map(({ cents, endToEndId, returned }, index) => {
      const amount = `<Amt Ccy="EUR">${written(cents)}</Amt><CdtDbtInd>${cents < 0n ? 'DBIT' : 'CRDT'}</CdtDbtInd>`
      return `<Ntry>${amount}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>${day}</Dt></BookgDt><AcctSvcrRef>${id}-${index}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd></Domn></BkTxCd><NtryDtls><TxDtls><Refs><EndToEndId>${endToEndId}</EndToEndId></Refs>${amount}${returned ? '<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>' : ''}</TxDtls></NtryDtls></Ntry>`
    })
    const balance = (code: string, cents: bigint): string => `<Bal><Tp><CdOrPrtry><Cd>${code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">${written(cents)}</Amt><CdtDbtInd>${cents < 0n ? 'DBIT' : 'CRDT'}</CdtDbtInd><Dt><Dt>${day}</Dt></Dt></Bal>`
    return [
      '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>', `<GrpHdr><MsgId>M-${id}</MsgId><CreDtTm>${day}T22:00:00Z</CreDtTm></GrpHdr><Stmt><Id>${id}</Id><CreDtTm>${day}T22:00:00Z</CreDtTm>`,
      `<FrToDt><FrDtTm>${day}T00:00:00Z</FrDtTm><ToDtTm>${day}T23:59:59Z</ToDtTm></FrToDt><Acct><Id><IBAN>${ourIban}</IBAN></Id></Acct>${balance('OPBD', opening)}${balance('CLBD', this.#balance)}`, ...entries, '</Stmt></BkToCstmrStmt></Document>',
    ].join('\n')
  }
}

function written(cents: bigint): string {
  const size = cents < 0n ? -cents : cents
  return `${size / 100n}.${String(size % 100n).padStart(2, '0')}`
}
