import {
  type BinMapper, type BinnedBlock, type BinnedDataset, type CategoricalBinMapper,
  type FeatureInfo, isWide, type NumericBinMapper, rowBytesOf,
} from '@coppice/engine'
import { exp, sigmoid, type MissingType } from '@coppice/model'
import { TestRandom } from './random.js'

/** What one feature of a made data set looks like. */
export type FeatureRecipe =
  | {
      readonly kind: 'numeric'
      /** Bins of values, without the one for NaN. */
      readonly bins: number
      /** Default 'none'. */
      readonly missing?: MissingType
      /** Share of missing rows; default 0.1 unless `missing` is 'none'. */
      readonly missingShare?: number
      /**
       * How bins follow rows; default 'random'. 'sorted' ascends, 'skewed' favours bin 0, with
       * 'rare' it has 98 % of the rows.
       */
      readonly order?: 'random' | 'sorted' | 'skewed' | 'rare'
      /** Take the bins of this earlier feature of equal shape: exact ties between features. */
      readonly copyOf?: number
    }
  | {
      readonly kind: 'categorical'
      readonly categories: number
      /** Share of rows in bin 0 (missing, unseen or rare); default 0.05. */
      readonly missingShare?: number
      /**
       * Default 'random'; 'skewed' makes the first category frequent and the last rare, 'rare'
       * gives it 98 % of the rows.
       */
      readonly order?: 'random' | 'skewed' | 'rare'
    }

/** What a made data set looks like. Equal recipes make equal data. */
export interface DataRecipe {
  readonly seed: number
  readonly nRows: number
  readonly features: readonly FeatureRecipe[]
  /**
   * 'regression' has whole numbers as labels (many equal gains), 'heavy-tailed' has a few huge
   * ones; 'counts' are whole numbers from 0, 'amounts' above 0, 'shares' from 0 to 1; {classes}
   * are class indices.
   */
  readonly label: 'regression' | 'heavy-tailed' | 'counts' | 'amounts' | 'shares' | 'binary' |
    { readonly classes: number }
  /** Weights: none, small whole numbers (ties), any in (0, 2), a few of them 0, or none of them. */
  readonly weights?: 'none' | 'whole' | 'any' | 'positive'
  readonly initScore?: boolean
  /** Row counts of the blocks; default one block. */
  readonly blocks?: readonly number[]
}

/** A binned data set and the raw values that its bins stand for. */
export interface MadeDataset {
  readonly data: BinnedDataset
  /** nRows rows of nFeatures cells, as a predictor takes them: numbers, names or null. */
  readonly rows: readonly (readonly (number | string | null)[])[]
}

/**
 * The mapper of a numeric feature whose bin b holds the whole number b - floor(bins / 2): zero is
 * in the middle, bounds are halves.
 */
export function wholeNumberMapper(bins: number, missing: MissingType): NumericBinMapper {
  const zeroBin = Math.floor(bins / 2)
  const upperBounds = Float64Array.from({ length: bins }, (_, b) =>
    b === bins - 1 ? Infinity : b - zeroBin + 0.5)
  return {
    kind: 'numeric',
    missing,
    upperBounds,
    nBins: missing === 'nan' ? bins + 1 : bins,
    zeroBin,
    missingBin: missing === 'nan' ? bins : missing === 'zero' ? zeroBin : -1,
  }
}

/** Categories c000, c001, ...; bin b holds code (b * step) mod n, so codes and bins differ. */
function scrambledMapper(categories: number): CategoricalBinMapper {
  const step = [7, 5, 3, 1].find((s) => categories % s !== 0 || s === 1)!
  const codes = Int32Array.from({ length: categories }, (_, i) => (i * step + 1) % categories)
  return { kind: 'categorical', codes, nBins: categories + 1 }
}

function makeFeature(recipe: FeatureRecipe, f: number): FeatureInfo {
  if (recipe.kind === 'numeric') {
    const mapper = wholeNumberMapper(recipe.bins, recipe.missing ?? 'none')
    return { name: `x${f}`, mapper, categories: null }
  }
  const categories = Array.from(
    { length: recipe.categories }, (_, c) => `c${String(c).padStart(3, '0')}`)
  return { name: `x${f}`, mapper: scrambledMapper(recipe.categories), categories }
}

function drawBin(
  recipe: FeatureRecipe, mapper: BinMapper, row: number, nRows: number, random: TestRandom,
): number {
  const isNumeric = mapper.kind === 'numeric'
  const missingBin = isNumeric ? mapper.missingBin : 0
  const share = recipe.missingShare ?? (isNumeric ? 0.1 : 0.05)
  const isMissing = random.uniform() < share && missingBin >= 0
  const u = random.uniform()
  if (isMissing) return missingBin
  const n = recipe.kind === 'numeric' ? recipe.bins : recipe.categories
  const position = recipe.order === 'skewed' ? u * u * u
    : recipe.order === 'sorted' ? (row + u) / nRows
    : recipe.order === 'rare' ? Math.max(0, u - 0.98) * 50 : u
  return Math.min(n - 1, Math.floor(position * n)) + (isNumeric ? 0 : 1)
}

/** The raw value that a bin stands for. */
function valueOf({ mapper, categories }: FeatureInfo, bin: number): number | string | null {
  if (mapper.kind === 'categorical') {
    return bin === 0 ? null : categories![mapper.codes[bin - 1]!]!
  }
  return mapper.missing === 'nan' && bin === mapper.missingBin ? null : bin - mapper.zeroBin
}

/** What the labels follow: steps of each feature and one interaction, in about [-3, 3]. */
function signal(bins: Uint16Array, at: number, features: readonly FeatureInfo[]): number {
  let sum = 0
  features.forEach(({ mapper }, f) => {
    const bin = bins[at + f]!
    const strength = 1.5 / (1 + f)
    if (mapper.kind === 'categorical') sum += strength * ((bin * 5) % 3 - 1)
    else if (bin === mapper.missingBin) sum += strength / 2
    else sum += bin * 2 > mapper.nBins ? strength : -strength
  })
  if (features.length > 1) sum += bins[at]! % 2 === bins[at + 1]! % 2 ? 0.5 : -0.5
  return sum
}

function drawLabel(recipe: DataRecipe, value: number, random: TestRandom): number {
  const noise = random.normal()
  const { label } = recipe
  if (label === 'binary') return value + noise > 0 ? 1 : 0
  if (label === 'regression') return Math.round(value * 2 + noise)
  if (label === 'heavy-tailed') return value + random.heavyTailed()
  if (label === 'counts') return Math.max(0, Math.round(value * 2 + noise))
  if (label === 'amounts') return exp(value / 2 + noise)
  if (label === 'shares') return Math.max(0, Math.min(1, sigmoid(value) + noise / 4))
  const k = Math.floor((value + noise + 3) / 6 * label.classes)
  return Math.max(0, Math.min(label.classes - 1, k))
}

function drawWeight(kind: 'whole' | 'any' | 'positive', random: TestRandom): number {
  if (kind === 'whole') return 1 + random.below(3)
  if (kind === 'positive') return 0.01 + random.uniform() * 2
  return random.below(20) === 0 ? 0 : random.uniform() * 2
}

/** Makes a data set. The first two rows get different classes, so that both exist. */
export function makeDataset(recipe: DataRecipe): MadeDataset {
  const { nRows } = recipe
  const random = new TestRandom(recipe.seed)
  const features = recipe.features.map(makeFeature)
  const nFeatures = features.length
  const bins = new Uint16Array(nRows * nFeatures)
  const label = new Float64Array(nRows)
  for (let row = 0; row < nRows; row++) {
    const at = row * nFeatures
    recipe.features.forEach((feature, f) => {
      const bin = drawBin(feature, features[f]!.mapper, row, nRows, random)
      const copyOf = feature.kind === 'numeric' ? feature.copyOf : undefined
      bins[at + f] = copyOf === undefined ? bin : bins[at + copyOf]!
    })
    label[row] = drawLabel(recipe, signal(bins, at, features), random)
  }
  const isClassifier = recipe.label === 'binary' || typeof recipe.label === 'object'
  if (isClassifier && nRows > 1) label.set([0, 1])
  const { weights = 'none' } = recipe
  const nOutputs = typeof recipe.label === 'object' ? recipe.label.classes : 1
  const draws = <T>(n: number, draw: () => T): T[] => Array.from({ length: n }, draw)
  const data: BinnedDataset = {
    nRows,
    features,
    blocks: [{ firstRow: 0, nRows, bins: bytesOfBins(bins, features) }],
    label,
    classes: null,
    weight: weights === 'none' ? null
      : Float64Array.from(draws(nRows, () => drawWeight(weights, random))),
    initScore: recipe.initScore === true
      ? Float64Array.from(draws(nRows * nOutputs, () => random.normal())) : null,
    groupSizes: null,
  }
  const rows = Array.from({ length: nRows }, (_, row) =>
    features.map((feature, f) => valueOf(feature, bins[row * nFeatures + f]!)))
  return { data: recipe.blocks === undefined ? data : recut(data, recipe.blocks), rows }
}

/** The bins of all rows, nRows x nFeatures, whatever the blocks. */
export function allBins(data: BinnedDataset): Uint16Array {
  const { features, nRows, blocks } = data
  const nFeatures = features.length
  const rowBytes = rowBytesOf(features)
  const highs = higherBytes(features)
  const bins = new Uint16Array(nRows * nFeatures)
  for (const block of blocks) {
    for (let row = 0; row < block.nRows; row++) {
      const from = row * rowBytes
      const to = (block.firstRow + row) * nFeatures
      features.forEach((_, f) => {
        const high = highs[f]! < 0 ? 0 : block.bins[from + highs[f]!]!
        bins[to + f] = block.bins[from + f]! | (high << 8)
      })
    }
  }
  return bins
}

/** Bins of rows x features as blocks hold them: the higher bytes of wide features at the end. */
export function bytesOfBins(bins: Uint16Array, features: readonly FeatureInfo[]): Uint8Array {
  const nFeatures = features.length
  const rowBytes = rowBytesOf(features)
  const highs = higherBytes(features)
  const nRows = bins.length / Math.max(1, nFeatures)
  const bytes = new Uint8Array(nRows * rowBytes)
  for (let row = 0; row < nRows; row++) {
    features.forEach((_, f) => {
      const bin = bins[row * nFeatures + f]!
      bytes[row * rowBytes + f] = bin
      if (highs[f]! >= 0) bytes[row * rowBytes + highs[f]!] = bin >> 8
    })
  }
  return bytes
}

/** Of each feature, the place of its higher byte in a row, or -1. */
function higherBytes(features: readonly FeatureInfo[]): number[] {
  let next = features.length
  return features.map(({ mapper }) => isWide(mapper.nBins) ? next++ : -1)
}

/** The same rows in blocks of other sizes; a last block takes what the sizes leave over. */
export function recut(data: BinnedDataset, sizes: readonly number[]): BinnedDataset {
  const bins = allBins(data)
  const nFeatures = data.features.length
  const blocks: BinnedBlock[] = []
  let firstRow = 0
  const cut = (size: number): void => {
    const nRows = Math.min(size, data.nRows - firstRow)
    if (nRows <= 0) return
    const from = firstRow * nFeatures
    const own = bins.slice(from, from + nRows * nFeatures)
    blocks.push({ firstRow, nRows, bins: bytesOfBins(own, data.features) })
    firstRow += nRows
  }
  for (const size of sizes) cut(size)
  cut(data.nRows - firstRow)
  return { ...data, blocks }
}

/** The same rows in another order of rows: `order[i]` is the old row at the new row i. */
export function reorder(data: BinnedDataset, order: readonly number[]): BinnedDataset {
  const nFeatures = data.features.length
  const old = allBins(data)
  const bins = new Uint16Array(old.length)
  order.forEach((from, to) => {
    bins.set(old.subarray(from * nFeatures, (from + 1) * nFeatures), to * nFeatures)
  })
  const take = (values: Float64Array | null): Float64Array | null => {
    if (values === null) return null
    const width = values.length / data.nRows
    return Float64Array.from({ length: values.length }, (_, i) =>
      values[order[Math.floor(i / width)]! * width + i % width]!)
  }
  return {
    ...data,
    blocks: [{ firstRow: 0, nRows: data.nRows, bins: bytesOfBins(bins, data.features) }],
    label: take(data.label),
    weight: take(data.weight),
    initScore: take(data.initScore),
  }
}
