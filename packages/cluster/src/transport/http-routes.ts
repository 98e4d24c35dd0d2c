import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DataRoutes } from './data-routes.js'
import { answer, greeting } from './http-text.js'

/** What a path of the coordinator is about. */
export type Route =
  | { readonly kind: 'health' }
  | { readonly kind: 'status' }
  | { readonly kind: 'data', readonly sha256: string }
  /** To be upgraded to a WebSocket. */
  | { readonly kind: 'link', readonly role: 'worker' | 'client' }
  | { readonly kind: 'unknown' }

/** Finds the route of a request's target; a query is not part of the path. Total. */
export function routeOf(target: string | undefined): Route {
  const path = (target ?? '').replace(/\?.*$/s, '')
  if (path === '/healthz') return { kind: 'health' }
  if (path === '/status') return { kind: 'status' }
  if (path === '/v1/worker') return { kind: 'link', role: 'worker' }
  if (path === '/v1/client') return { kind: 'link', role: 'client' }
  // A manifest is known by its name wherever it is.
  const sha256 = /^\/v1\/data\/([0-9a-f]{64})(?:\.json)?$/.exec(path)?.[1]
  return sha256 === undefined ? { kind: 'unknown' } : { kind: 'data', sha256 }
}

/** Answers what anybody may ask. Tells strangers that something is here, and nothing about it. */
export function serveStranger(
  request: IncomingMessage,
  response: ServerResponse,
  kind: 'health' | 'unknown',
): void {
  if (kind === 'unknown') {
    answer(request, response, { status: 404, text: greeting, closes: true })
  } else if (isRead(request)) {
    answer(request, response, { status: 200, text: 'ok', closes: true })
  } else {
    refuseMethod(request, response)
  }
}

/** Answers what only those who are let in may ask. */
export async function serveKnown(
  request: IncomingMessage,
  response: ServerResponse,
  route: Exclude<Route, { kind: 'health' | 'unknown' }>,
  parts: { status: () => unknown, data: DataRoutes | null, isWaiting: boolean },
): Promise<void> {
  switch (route.kind) {
    case 'link':
      answer(request, response, { status: 426, closes: true,
        text: `${greeting}; this request asked for no WebSocket`,
        headers: { Upgrade: 'websocket' } })
      return
    case 'status':
      if (!isRead(request)) refuseMethod(request, response)
      else {
        answer(request, response, { status: 200, type: 'application/json',
          text: JSON.stringify(parts.status()) })
      }
      return
    case 'data':
      if (parts.data === null) {
        answer(request, response, { status: 404, closes: true,
          text: 'this coordinator takes no uploads' })
      } else {
        await parts.data.serve(request, response, route.sha256, parts.isWaiting)
      }
  }
}

function isRead(request: IncomingMessage): boolean {
  return request.method === 'GET' || request.method === 'HEAD'
}

function refuseMethod(request: IncomingMessage, response: ServerResponse): void {
  answer(request, response, { status: 405, text: `${request.method} is not served here`,
    headers: { Allow: 'GET, HEAD' }, closes: true })
}
