import { systemClock } from '@rivulet/time'

const stopTimeMaxMs = 10_000

/** Runs a server until it is asked to stop (SIGINT, SIGTERM), then gives it 10 s to end in order. A second signal ends it at once. */
export async function runUntilStopped(start: () => Promise<AsyncDisposable>): Promise<void> {
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGINT', resolve)
    process.once('SIGTERM', resolve)
  })
  const server = await start()
  const signal = await asked
  process.once(signal, () => process.exit(1))
  const patience = systemClock.after(stopTimeMaxMs, () => {
    console.error('rivulet: did not end within 10 s; the next start settles what was open')
    process.exit(1)
  }, { background: true })
  await server[Symbol.asyncDispose]()
  patience.cancel()
}
