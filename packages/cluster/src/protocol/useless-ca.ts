/**
 * Why a file of certificates is of no use: they are for encrypted connections, and elsewhere would
 * be ignored, with the token in the clear; or null.
 *
 * @param address - of a coordinator, as it was given
 * @param caName - what the file is called where it was given, such as --ca-file
 * @param addressName - what the address is called there, or ''
 */
export function uselessCa(address: string, caName: string, addressName: string): string | null {
  const scheme = /^(ws|http):/i.exec(address)?.[0]
  if (scheme === undefined) return null
  const shown = `${addressName} ${scheme}//...`.trimStart()
  return `${caName} does nothing with ${shown}, which is not encrypted; use wss:// (for a ` +
    'coordinator with --tls-cert), or leave it out'
}
