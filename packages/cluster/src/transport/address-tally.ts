import { isIPv6 } from 'node:net'

const windowMs = 60_000
const addressesMax = 4096

interface Count {
  since: number
  n: number
}

/** Counts events per address and minute. Of more than 4096 addresses the oldest are forgotten. */
export class AddressTally {
  readonly #counts = new Map<string, Count>()

  /** Adds an event; gives how many there were within the minute. `now` in milliseconds. */
  add(address: string, now: number): number {
    const group = addressGroup(address)
    const known = this.#counts.get(group)
    if (known !== undefined && now - known.since < windowMs) {
      known.n++
      return known.n
    }
    // Inserted anew, so that the first entry of the map is always the oldest.
    this.#counts.delete(group)
    this.#counts.set(group, { since: now, n: 1 })
    if (this.#counts.size > addressesMax) {
      this.#counts.delete(this.#counts.keys().next().value!)
    }
    return 1
  }
}

/** True for the events that a log shows of many equal ones: the first ten, then ever fewer. */
export function isWorthLogging(n: number): boolean {
  return n <= 10 || (n & (n - 1)) === 0
}

/**
 * What counts as one peer: an IPv4 address, or the /64 network of an IPv6 address, since whoever
 * has one address of such a network has all of them.
 */
export function addressGroup(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped !== null) return mapped[1]!
  if (!isIPv6(address)) return address
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::')
  const left = head === '' ? [] : head.split(':')
  const nRight = tail === '' ? 0 : tail.split(':').length
  if (!address.includes('::')) return `${left.slice(0, 4).join(':')}::/64`
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - nRight) }, () => '0')
  return `${[...left, ...zeros, ...tail.split(':')].slice(0, 4).join(':')}::/64`
}
