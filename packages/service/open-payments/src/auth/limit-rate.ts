import { type Clock, RateLimit } from '@rivulet/time'
import type { RequestHandler, Response } from 'express'

export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Lets an address pass `burst` times at once and `perSecond` times in the long run; `refuse` answers what is beyond, with `Retry-After` set. */
export function limitRate(clock: Clock, rate: Rate, refuse: (response: Response) => void): RequestHandler {
  const limit = new RateLimit(clock, rate)
  return (request, response, next) => {
    if (limit.allow(request.ip ?? '')) return next()
    refuse(response.status(429).set('Retry-After', '10'))
  }
}
