import { lookup } from 'node:dns/promises'
import { BlockList, isIP, isIPv6 } from 'node:net'
import { CoppiceError } from '@coppice/model'
import { errorText } from './error-text.js'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** True for addresses that only this machine can reach. */
export function isLoopback(address: string): boolean {
  if (isIP(address) === 0) return false
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * The address to listen on. A name is resolved here and not by `listen`, so that what is checked
 * is what is used.
 *
 * Throws CoppiceError 'PARAMETER' for a name that has no address.
 */
export async function resolveHost(host: string): Promise<string> {
  const bare = host.replace(/^\[(.*)\]$/, '$1')
  if (isIP(bare) !== 0) return bare
  try {
    return (await lookup(bare)).address
  } catch (error) {
    throw new CoppiceError('PARAMETER', `cannot listen on "${host}": ${errorText(error)}; `
      + 'name an address of this machine, such as 127.0.0.1 or 0.0.0.0', { cause: error })
  }
}

/** True for a `Host` header that means this machine seen from itself. */
export function isLoopbackHost(header: string | undefined): boolean {
  const name = /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(header ?? '')?.[1]?.toLowerCase()
  if (name === undefined) return false
  return name === 'localhost' || isLoopback(name.replace(/^\[(.*)\]$/, '$1'))
}
