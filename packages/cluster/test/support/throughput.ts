import { connectLink, CoordinatorServer } from '../../src/transport/index.js'
import type { Link } from '../../src/transport/index.js'
import { LinkRecorder } from './link-recorder.js'

/** What a link over loopback does. */
export interface Throughput {
  readonly megabytesPerSecond: number
  /** Median of 64-byte round trips, microseconds. */
  readonly roundTripMicros: number
  /** Bytes that arrived, for a check that all did. */
  readonly nBytes: number
}

/**
 * Sends `nMessages` of `messageBytes` one way as fast as the link takes them, then plays
 * `nRoundTrips` of 64 bytes, worker to coordinator, both in this process.
 */
export async function measureThroughput(
  nMessages: number,
  messageBytes: number,
  nRoundTrips: number,
): Promise<Throughput> {
  const arrived = new Promise<Link>((resolve) => { onLink = resolve })
  const server = await CoordinatorServer.listen({ port: 0, token: null, status: () => null,
    onLink: (link) => onLink(link) })
  const near = await connectLink(server.url, { role: 'worker', token: null })
  const far = await arrived
  let nBytes = 0
  let nReceived = 0
  let whenAll: (() => void) | null = null
  far.listen({
    onPayload: (payload) => {
      if (payload.length === 64) {
        far.send(payload)
        return
      }
      nBytes += payload.length
      nReceived++
      if (nReceived === nMessages) whenAll?.()
    },
    onClose: () => undefined,
  })
  const recorder = new LinkRecorder(near)
  const message = new Uint8Array(messageBytes)
  const start = performance.now()
  const all = new Promise<void>((resolve) => { whenAll = resolve })
  for (let i = 0; i < nMessages; i++) {
    near.send(message)
    if (near.isFull) await recorder.until(() => !near.isFull)
  }
  await all
  const seconds = (performance.now() - start) / 1000
  const roundTripMicros = await medianRoundTrip(near, recorder, nRoundTrips)
  near.destroy('done')
  await server.close()
  return { megabytesPerSecond: nBytes / 1e6 / seconds, roundTripMicros, nBytes }
}

let onLink: (link: Link) => void = () => undefined

async function medianRoundTrip(near: Link, recorder: LinkRecorder, n: number): Promise<number> {
  const message = new Uint8Array(64)
  const micros: number[] = []
  for (let i = 0; i < n; i++) {
    const start = performance.now()
    near.send(message)
    await recorder.received(i + 1)
    micros.push(1000 * (performance.now() - start))
  }
  return micros.sort((a, b) => a - b)[n >> 1]!
}
