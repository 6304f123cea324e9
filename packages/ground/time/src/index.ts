export { type Clock, systemClock, type Timer } from './clock.ts'
export { type JobRun, type JobWatch, watched } from './job.ts'
export { RateLimit } from './rate-limit.ts'
export { TimerWheel, WheelTimer } from './timer-wheel.ts'
