import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Kind, parseNumber } from '../../src/formats/csv-number.js'

const encoder = new TextEncoder()

function parse(text: string): { kind: number; value: number } {
  // Bytes around the field must not matter.
  const bytes = encoder.encode(`9${text}9`)
  const out = Float64Array.of(123, 456)
  const kind = parseNumber(bytes, 1, bytes.length - 1, out, 1)
  assert.equal(out[0], 123)
  if (kind === 0) assert.equal(out[1], 456, 'nothing is written for what is no number')
  return { kind, value: out[1]! }
}

/** Bit for bit what Number gives, but for -0. */
function assertLikeNumber(text: string): void {
  const { kind, value } = parse(text)
  assert.notEqual(kind, 0, text)
  assert.ok(Object.is(value, Number(text) + 0), `${text}: ${value} instead of ${Number(text)}`)
}

const digits = (maxLength: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength }).map((d) => d.join(''))
const sign = fc.constantFrom('', '-', '+')
const power = fc.integer({ min: 0, max: 330 })
const exponent = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.constantFrom('e', 'E'), sign, power).map((parts) => parts.join('')),
)

describe('parseNumber', () => {
  it('equals Number for digits, points and exponents of any length', () => {
    const text = fc.tuple(sign, digits(34), fc.constantFrom('', '.'), digits(25), exponent)
    fc.assert(fc.property(text, (parts) => assertLikeNumber(parts.join(''))), {
      seed: 1,
      numRuns: 20_000,
    })
  })

  it('equals Number for every way of printing a double', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true })
    const small = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(fc.oneof(double, small), fc.integer({ min: 1, max: 21 }), (value, n) => {
        assertLikeNumber(String(value))
        assertLikeNumber(value.toPrecision(n))
        assertLikeNumber(value.toExponential(n - 1))
        if (Math.abs(value) < 1e21) assertLikeNumber(value.toFixed(n))
      }),
      { seed: 2, numRuns: 5000 },
    )
  })

  it('equals Number at and beside the midpoint of two doubles', () => {
    const mantissa = fc.integer({ min: 0, max: 2 ** 52 - 1 })
    fc.assert(
      fc.property(mantissa, fc.integer({ min: -3, max: 8 }), (m, e) => {
        // (2^53 + 2 m + 1) * 2^e lies halfway between doubles of 53 bits.
        const odd = (2n ** 53n + 2n * BigInt(m) + 1n) * 10n ** 6n
        const scaled = e >= 0 ? odd * 2n ** BigInt(e) : odd / 2n ** BigInt(-e)
        for (const step of [-1n, 0n, 1n]) {
          const all = String(scaled + step)
          assertLikeNumber(`${all.slice(0, -6)}.${all.slice(-6)}`)
          assertLikeNumber(`${all}e-6`)
          assertLikeNumber(`0.${all}e10`)
        }
      }),
      { seed: 3, numRuns: 2000 },
    )
  })

  it('equals Number for all texts of up to five characters of a number, or refuses them', () => {
    const alphabet = ['', '0', '7', '.', 'e', '-', '+']
    const legal = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/
    let nLegal = 0
    for (let code = 0; code < alphabet.length ** 5; code++) {
      let text = ''
      for (let rest = code, i = 0; i < 5; i++, rest = Math.floor(rest / alphabet.length)) {
        text += alphabet[rest % alphabet.length]!
      }
      if (legal.test(text)) {
        nLegal++
        assertLikeNumber(text)
      } else {
        assert.equal(parse(text).kind, 0, text)
      }
    }
    assert.ok(nLegal > 1000)
  })

  it('tells integers from floats', () => {
    const cases: readonly (readonly [string, number])[] = [
      ['0', Kind.int],
      ['-12', Kind.int],
      ['1234567890123', Kind.int],
      ['9007199254740991', Kind.int],
      ['9007199254740992', Kind.float],
      ['-9007199254740993', Kind.float],
      ['1.0', Kind.float],
      ['1.', Kind.float],
      ['1e3', Kind.float],
      ['12345678901.5', Kind.float],
    ]
    for (const [text, kind] of cases) assert.equal(parse(text).kind, kind, text)
  })

  it('knows the spellings of infinity and NaN', () => {
    for (const text of ['inf', '+Inf', 'INFINITY', 'Infinity', '+infinity']) {
      assert.deepEqual(parse(text), { kind: Kind.float, value: Infinity })
      assert.deepEqual(parse(`-${text.replace('+', '')}`), { kind: Kind.float, value: -Infinity })
    }
    for (const text of ['nan', 'NaN', '-nan', 'NAN']) assert.equal(parse(text).kind, Kind.nan)
    for (const text of ['in', 'infinit', 'nanx', '--inf', 'infinityy']) {
      assert.equal(parse(text).kind, 0, text)
    }
  })

  it('never gives -0', () => {
    for (const text of ['-0', '-0.0', '-0e5', '-1e-400', '-0.00000000000000000000000000000000']) {
      assert.ok(Object.is(parse(text).value, 0), text)
    }
  })

  it('refuses what is not a decimal number', () => {
    for (const text of ['', ' 1', '1 ', '0x10', '1_0', '1,0', 'e5', '1e', '1e+', '1.2.3', '12a']) {
      assert.equal(parse(text).kind, 0, text)
    }
    assert.equal(parse('123456789012345678901234567890123x').kind, 0)
  })
})
