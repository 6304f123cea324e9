/** Credit transfers for a bank: a CustomerCreditTransferInitiation of ISO 20022, version 9 (pain.001.001.09) or, for banks that take no newer one, 3 (pain.001.001.03), as the SEPA guidelines of the EPC use it (EPC132-08). Pure. */
import { XMLBuilder } from 'fast-xml-parser'
import type { Id } from '@rivulet/ids'
import { type Asset, floorDivide, formatAmount } from '@rivulet/money'
import { stepOf } from '../terms.ts'
import type { PainVersion } from './pain-version.ts'

/** Holder of an account; the name in the banks' letters. */
export interface BankParty {
  readonly name: string
  readonly iban: string
  readonly bic?: string | undefined
}

export interface CreditTransfer {
  /** At most 35 of the banks' letters. */
  readonly endToEndId: string
  /** Units, whole cents. */
  readonly amount: bigint
  readonly creditor: BankParty
  /** At most 140 of the banks' letters. */
  readonly remittance: string
}

export interface PaymentFile {
  readonly version: PainVersion
  /** Names file and batch, at most 35 of the banks' letters. */
  readonly messageId: string
  readonly createdMs: number
  /** `2026-01-31`. */
  readonly executionDate: string
  readonly debtor: BankParty
  readonly asset: Asset
  readonly payments: readonly CreditTransfer[]
}

const builder = new XMLBuilder({ ignoreAttributes: false, format: true, indentBy: '  ', suppressEmptyNode: true })

export function paymentFile({ version, messageId, createdMs, executionDate, debtor, asset, payments }: PaymentFile): string {
  const count = payments.length
  const total = cents(payments.reduce((sum, { amount }) => sum + amount, 0n), asset)
  const document = {
    '?xml': { '@_version': '1.0', '@_encoding': 'UTF-8' },
    Document: {
      '@_xmlns': `urn:iso:std:iso:20022:tech:xsd:${version}`,
      CstmrCdtTrfInitn: {
        GrpHdr: { MsgId: messageId, CreDtTm: `${new Date(createdMs).toISOString().slice(0, 19)}Z`, NbOfTxs: count, CtrlSum: total, InitgPty: { Nm: debtor.name } },
        PmtInf: {
          PmtInfId: messageId,
          PmtMtd: 'TRF',
          // One entry of the statement for each payout, so that each can be matched.
          BtchBookg: false,
          NbOfTxs: count,
          CtrlSum: total,
          PmtTpInf: { SvcLvl: { Cd: 'SEPA' } },
          ReqdExctnDt: version === 'pain.001.001.03' ? executionDate : { Dt: executionDate },
          Dbtr: { Nm: debtor.name },
          DbtrAcct: { Id: { IBAN: debtor.iban } },
          DbtrAgt: agent(debtor, version) ?? { FinInstnId: { Othr: { Id: 'NOTPROVIDED' } } },
          ChrgBr: 'SLEV',
          CdtTrfTxInf: payments.map(({ endToEndId, amount, creditor, remittance }) => ({
            PmtId: { EndToEndId: endToEndId },
            Amt: { InstdAmt: { '@_Ccy': asset.code, '#text': cents(amount, asset) } },
            ...(creditor.bic !== undefined && { CdtrAgt: agent(creditor, version) }),
            Cdtr: { Nm: creditor.name },
            CdtrAcct: { Id: { IBAN: creditor.iban } },
            RmtInf: { Ustrd: remittance },
          })),
        },
      },
    },
  }
  return builder.build(document)
}

/** What banks call a payout: an id has a letter that they do not take. Each attempt has a name of its own. */
export function endToEndIdOf(id: Id<'pout'>, attempt: number): string {
  return `${id.replace('_', '-')}${attempt === 1 ? '' : `-${attempt}`}`
}

/** The way back; undefined for what is no payout of ours. */
export function payoutOf(endToEndId: string): { readonly id: Id<'pout'>; readonly attempt: number } | undefined {
  const match = /^pout-([0-9a-hjkmnp-tv-z]{26})(?:-([1-9][0-9]{0,2}))?$/.exec(endToEndId)
  return match === null ? undefined : { id: `pout_${match[1] ?? ''}`, attempt: Number(match[2] ?? 1) }
}

function agent({ bic }: BankParty, version: PainVersion): object | undefined {
  return bic === undefined ? undefined : { FinInstnId: version === 'pain.001.001.03' ? { BIC: bic } : { BICFI: bic } }
}

/** "12.34": exact, since a payout is whole cents. */
function cents(units: bigint, asset: Asset): string {
  return formatAmount(floorDivide(units, stepOf('sepa', asset)), { code: asset.code, scale: 2 })
}
