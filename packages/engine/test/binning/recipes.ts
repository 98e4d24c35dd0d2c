/** The columns of make-golden.py, double for double: keep both in step. */

/** Numerical Recipes' generator: exact in Python and here. */
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0
    return state / 4294967296
  }
}

type Draw = () => number

function bell(u: Draw): number {
  let total = 0
  for (let k = 0; k < 12; k++) total += u()
  return total - 6
}

function skewed(u: Draw): number {
  const x = u()
  return x * x * x * x * x * x * 1000
}

const recipes: Readonly<Record<string, (u: Draw) => number>> = {
  normal: bell,
  ties: u => Math.floor(u() * 20),
  integers: u => Math.floor(u() * 1000) - 300,
  mostlyZero: u => (u() < 0.9 ? 0 : bell(u)),
  negative: u => -0.5 - skewed(u),
  skewed,
  withNaN: u => (u() < 0.15 ? NaN : bell(u)),
  zeroAndNaN: u => [0, NaN, 3.5][Math.floor(u() * 3)]!,
  few: u => [-2, 0, 0.5, 3][Math.floor(u() * 4)]!,
  peak: u => (u() < 0.5 ? 1.5 : bell(u)),
  twoPeaks: u => (u() < 0.4 ? 1.5 : u() < 0.5 ? -1.25 : bell(u)),
  neighbours: u => 1 + Math.floor(u() * 12) * Number.EPSILON,
  nearZero: u => (Math.floor(u() * 9) - 4) * 5e-36,
  huge: u => bell(u) * 1e300,
  constant: () => 5,
  zero: () => 0,
  missing: () => NaN,
  rareOne: u => (u() < 0.01 ? 1 : 0),
  uniform: u => Math.floor(u() * 40),
  zipf: u => Math.floor(skewed(u)),
  zipfNaN: u => (u() < 0.1 ? NaN : Math.floor(skewed(u) / 10)),
  binaryCategory: u => Math.floor(u() * 2),
  equalCounts: u => Math.floor(u() * 3),
  rareCategories: u => [...new Array<number>(28).fill(0), 1, 1, 2, NaN][Math.floor(u() * 32)]!,
}

/** n values of a recipe. */
export function column(
  recipe: string,
  n: number,
  seed: number,
): Float64Array<ArrayBuffer> {
  const make = recipes[recipe]
  if (make === undefined) throw new Error(`no recipe ${recipe}`)
  const u = generator(seed)
  return Float64Array.from({ length: n }, () => make(u))
}
