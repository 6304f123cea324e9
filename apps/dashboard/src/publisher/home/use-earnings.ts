import { useState } from 'react'
import * as z from 'zod/mini'
import { type EventStream, useEventStream } from '../../use-event-stream.ts'
import { units } from '../units.ts'

const earningsSchema = z.object({
  day: z.string(),
  assets: z.array(z.object({ assetCode: z.string(), assetScale: z.number(), balance: units, today: units, booked: units, passedOn: units, arriving: units })),
  paying: z.number(),
  places: z.array(z.object({ pointer: z.string(), site: z.nullable(z.string()), assetCode: z.string(), assetScale: z.number(), streams: z.number(), arrived: units })),
  overMs: z.number(),
  more: z.boolean(),
})
export type Earnings = z.infer<typeof earningsSchema>

export interface LiveEarnings extends Pick<EventStream, 'state' | 'heardAtMs'> {
  readonly earnings: Earnings | undefined
}

/** Follows `/api/live` of the publishers' entrance. */
export function useEarnings(onRefused: () => void): LiveEarnings {
  const [earnings, setEarnings] = useState<Earnings>()
  const { state, heardAtMs } = useEventStream({
    path: '/api/live',
    onRefused,
    events: {
      beat: () => true,
      earnings: (data) => {
        const event = z.safeParse(earningsSchema, JSON.parse(data))
        if (event.success) setEarnings(event.data)
        return event.success
      },
    },
  })
  return { earnings, heardAtMs, state }
}
