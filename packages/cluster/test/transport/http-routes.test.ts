import assert from 'node:assert/strict'
import { routeOf } from '../../src/transport/http-routes.js'

describe('routeOf', () => {
  const sha256 = 'a'.repeat(64)

  it('finds data by the hash, also under the name of a manifest', () => {
    const data = { kind: 'data', sha256 }
    for (const end of ['', '.json', '?part=1', '.json?x']) {
      assert.deepEqual(routeOf(`/v1/data/${sha256}${end}`), data, end)
    }
  })

  it('knows no other names of data', () => {
    for (const end of ['.jso', '.json.json', '/', '.json/', '0', '.csv', '%2ejson']) {
      assert.deepEqual(routeOf(`/v1/data/${sha256}${end}`), { kind: 'unknown' }, end)
    }
    assert.deepEqual(routeOf(`/v1/data/${'A'.repeat(64)}`), { kind: 'unknown' })
  })
})
