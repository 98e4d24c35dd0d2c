import { CoordinatorServer } from '../../src/transport/index.js'
import type {
  CoordinatorServerOptions, Link, LinkRole, ServerEvent,
} from '../../src/transport/index.js'

/** A server for tests: any port, events and links kept. */
export interface TestServer {
  readonly server: CoordinatorServer
  readonly events: ServerEvent[]
  readonly links: { readonly link: Link, readonly role: LinkRole }[]
  /** The next link that is not taken yet. */
  nextLink(): Promise<Link>
  /** Texts of events of a kind. */
  told(kind: ServerEvent['kind']): string[]
  /** Cuts what links are left and stops the server. */
  stop(): Promise<void>
}

/** Starts a server without a token on 127.0.0.1, unless told otherwise. */
export async function startServer(
  options: Partial<CoordinatorServerOptions> = {},
): Promise<TestServer> {
  const events: ServerEvent[] = []
  const links: { link: Link, role: LinkRole }[] = []
  const wanted: ((link: Link) => void)[] = []
  let nTaken = 0
  const server = await CoordinatorServer.listen({
    port: 0,
    token: null,
    status: () => ({ state: 'waiting' }),
    onEvent: (event) => events.push(event),
    ...options,
    onLink: (link, role) => {
      links.push({ link, role })
      options.onLink?.(link, role)
      if (wanted.length > 0) {
        nTaken++
        wanted.shift()!(link)
      }
    },
  })
  return {
    server, events, links,
    nextLink: () => new Promise((resolve) => {
      const link = links[nTaken]
      if (link === undefined) wanted.push(resolve)
      else {
        nTaken++
        resolve(link.link)
      }
    }),
    told: (kind) => events.filter((event) => event.kind === kind)
      .map((event) => JSON.stringify(event)),
    stop: async () => {
      for (const { link } of links) link.destroy('the test is over')
      await server.close()
    },
  }
}
