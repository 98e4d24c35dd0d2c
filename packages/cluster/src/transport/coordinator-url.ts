import { CoppiceError } from '@coppice/model'

/**
 * Reads the address of a coordinator: ws://host:port or wss://host:port (http and https mean the
 * same), with a path where a proxy maps one.
 *
 * Throws CoppiceError 'PARAMETER'. What stands in a query or before the host is never repeated in
 * the message, since it may be a secret.
 */
export function parseCoordinatorUrl(text: string): URL {
  const refuse = (what: string, why: string): never => {
    throw new CoppiceError('PARAMETER', `${what} is no address of a coordinator: ${why}; write `
      + 'ws://host:port, or wss://host:port where the coordinator has --tls-cert')
  }
  const shown = `"${text.replace(/^([^/]*\/\/)?[^/]*@/, '$1...@').replace(/[?#].*$/s, '?...')}"`
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return refuse(shown, 'it is no URL')
  }
  const protocol = { 'ws:': 'ws:', 'wss:': 'wss:', 'http:': 'ws:', 'https:': 'wss:' }[url.protocol]
  if (protocol === undefined) refuse(shown, `"${url.protocol}//" is not understood`)
  if (url.username !== '' || url.password !== '') {
    refuse(shown, 'it names a user or password; a token is given with --token-file')
  }
  if (url.search !== '' || url.hash !== '') {
    refuse(shown, 'it has a query or fragment; a token is given with --token-file, never in a URL')
  }
  if (url.hostname === '') refuse(shown, 'it names no host')
  return new URL(`${protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`)
}

/** The address of a path of the coordinator, such as /v1/worker. */
export function coordinatorPath(base: URL, path: string): URL {
  return new URL(`${base.protocol}//${base.host}${base.pathname.replace(/\/+$/, '')}${path}`)
}
