/** A small two-class data set with a known truth, the same on every machine. */
export interface Flowers {
  /** nRows x [length, width, colour code]. */
  readonly rows: readonly (readonly [number, number, number])[]
  /** 1 where length + width > 1, reversed where the colour is 'red'. */
  readonly labels: readonly number[]
}

export const colours = ['blue', 'red', 'white'] as const

/** Makes nRows rows by a linear congruential generator (Numerical Recipes, 2nd ed., 7.1). */
export function makeFlowers(nRows: number, seed: number): Flowers {
  let state = seed >>> 0
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x1_0000_0000
  }
  const rows = Array.from({ length: nRows }, (): [number, number, number] =>
    [draw(), draw(), Math.floor(draw() * colours.length)])
  const labels = rows.map(([length, width, colour]) =>
    Number((length + width > 1) !== (colours[colour] === 'red')))
  return { rows, labels }
}

/** The rows as CSV with the columns length, width, colour and, where given, the label `species`. */
export function flowersCsv({ rows, labels }: Flowers, withLabel: boolean): string {
  const header = `length,width,colour${withLabel ? ',species' : ''}`
  const lines = rows.map(([length, width, colour], i) =>
    `${length},${width},${colours[colour]}${withLabel ? `,${labels[i]}` : ''}`)
  return `${[header, ...lines].join('\n')}\n`
}
