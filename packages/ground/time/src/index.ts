export { type Clock, systemClock, type Timer } from './clock.ts'
export { TimerWheel, WheelTimer } from './timer-wheel.ts'
