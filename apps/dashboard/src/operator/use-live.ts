import { useState } from 'react'
import * as z from 'zod/mini'
import { type EventStream, useEventStream } from '../use-event-stream.ts'
import { applyEvent, liveEventSchema, type LiveModel } from './live-model.ts'

export interface Live extends Pick<EventStream, 'state' | 'nowMs'> {
  readonly model: LiveModel | undefined
}

/** Follows `/api/live`, or `/api/pulse` which leaves the streams out. */
export function useLive(path: '/api/live' | '/api/pulse', onRefused: () => void): Live {
  const [model, setModel] = useState<LiveModel>()
  const take = (kind: 'snapshot' | 'update') => (data: string): boolean => {
    const event = z.safeParse(liveEventSchema, JSON.parse(data))
    if (event.success) setModel((before) => applyEvent(before, event.data, kind, Date.now()))
    return event.success
  }
  const { state, nowMs } = useEventStream({ path, onRefused, events: { snapshot: take('snapshot'), update: take('update') } })
  return { model, state: model === undefined ? 'connecting' : state, nowMs }
}
