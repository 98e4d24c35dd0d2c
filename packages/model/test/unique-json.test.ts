import assert from 'node:assert/strict'
import { parseUniqueJson, RepeatedKeyError } from '../src/index.js'

describe('JSON without repeated keys', () => {
  it('is what JSON.parse makes of it', () => {
    const texts = ['1', 'null', '"a:{\\"b\\":1}"', '[]', '{}', '[{"a":1},{"a":2}]',
      '{"a":{"a":{"a":[{"a":1}]}},"b":"a","A":1}', '{"":[],"\\\\":{"\\\\":"\\\\"}}',
      ' {\n "x" : [ "x" , "x:" , {"x":null} ] , "y" : "}" }\n']
    for (const text of texts) {
      assert.deepEqual(parseUniqueJson(text), JSON.parse(text) as unknown, text)
    }
    for (const text of ['', '{', '{"a":1,}', '{"a":1 "a":2}']) {
      assert.throws(() => parseUniqueJson(text),
        (error) => error instanceof SyntaxError && !(error instanceof RepeatedKeyError), text)
    }
  })

  it('names the key and the line of the second one', () => {
    for (const [text, key, line] of [
      ['{"a":1,"a":1}', '"a"', 1],
      ['{\n"a": [{"b": 1,\n\n"c": {"b": 2}, "b": 3}]}', '"b"', 4],
      ['{"a":1,"\\u0061":2}', '"a"', 1],
      ['[{"":0},\n{"":0, "":1}]', '""', 2],
      ['{"__proto__":1,"__proto__":2}', '"__proto__"', 1],
    ] as const) {
      assert.throws(() => parseUniqueJson(text), (error) => error instanceof RepeatedKeyError &&
        error.message.includes(`the key ${key} comes twice`) &&
        error.message.includes(`line ${line};`), text)
    }
  })
})
