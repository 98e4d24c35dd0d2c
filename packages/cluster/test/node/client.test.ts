import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { ClusterClient } from '../../src/node/index.js'

describe('ClusterClient.connect', () => {
  it('takes no longer than it may, also where nobody ever answers', async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => void sockets.add(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const { port } = server.address() as AddressInfo
      const start = performance.now()
      await assert.rejects(ClusterClient.connect(`ws://127.0.0.1:${port}`,
        { connectTimeoutMs: 600 }),
      { code: 'IO', message: /^no connection for (0\.\d|[1-4](\.\d)?) s, .* no answer came/ })
      // far below the ten seconds of a handshake
      assert.ok(performance.now() - start < 5000)
    } finally {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  })
})
