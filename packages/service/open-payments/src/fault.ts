import { Fault } from '@rivulet/faults'

/** A refusal of the resource server, answered as `{error: {code: "<status>", description, details?}}`. Clients match the exact description of some. */
export class OpenPaymentsFault extends Fault {
  readonly status: number
  readonly description: string
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(status: number, description: string, options?: ErrorOptions & { readonly details?: Readonly<Record<string, unknown>> }) {
    super(String(status), description, options)
    this.status = status
    this.description = description
    this.details = options?.details
  }
}
