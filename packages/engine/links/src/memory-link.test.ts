import { TestClock } from '@rivulet/time/testing'
import { memoryLinkPair } from './index.ts'
import { linkCompliance } from './testing.ts'

linkCompliance('in memory', (limits) => {
  const clock = new TestClock()
  const [left, right] = memoryLinkPair({ clock, limits })
  const sever = (): void => left.close()
  return Promise.resolve({ clock, left, right, sever, [Symbol.asyncDispose]: () => Promise.resolve(sever()) })
})
