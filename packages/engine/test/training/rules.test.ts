import assert from 'node:assert/strict'
import { parseModel, serializeModel, type Model } from '@coppice/model'
import { makeDataset, recut, TestRandom, type DataRecipe } from '@coppice/testkit'
import { InlineExecutor } from '../../src/execution/inline-executor.js'
import { InlineStores } from '../../src/execution/inline-stores.js'
import type { BinnedTree, EngineRequest } from '../../src/execution/protocol.js'
import type { StoreAnswer } from '../../src/execution/stores.js'
import { negateTree } from '../../src/linear/scale.js'
import { ThreadExecutor } from '../../src/threads/index.js'
import { binTree } from '../../src/training/build-model.js'
import { train } from '../../src/training/train.js'
import { randomDeal, StoresExecutor } from '../execution/stores-executor.js'
import { digest, mixedFeatures, trainWatched } from '../support/trainings.js'

type Params = Readonly<Record<string, unknown>>

const recipe: DataRecipe = {
  seed: 5, nRows: 1800, features: mixedFeatures, label: 'heavy-tailed', weights: 'whole',
}
const { data } = makeDataset(recipe)
const names = data.features.map(({ name }) => name)
const base: Params = { numIterations: 3, numLeaves: 14, minDataPerGroup: 20, minDataInLeaf: 8 }
const directions = [1, 0, 0, -1, 0, 1, 0]
const monotone = { monotoneConstraints: directions }
const forced = {
  feature: 5, threshold: 8,
  left: { feature: names[0], threshold: 4.5, right: { feature: 3, threshold: 0 } },
  right: { feature: 0, threshold: 6 },
}

/** Every rule, and some together. `dynamic`: leaves are scanned again. */
const cases: readonly (readonly [string, Params, ('dynamic' | 'given up')?])[] = [
  ['monotone, basic', monotone],
  ['monotone, basic, with a penalty', { ...monotone, monotonePenalty: 1.3 }],
  ['monotone, intermediate',
    { ...monotone, monotoneConstraintsMethod: 'intermediate', maxDeltaStep: 1.5 }, 'dynamic'],
  ['monotone, advanced, depth-wise', {
    ...monotone, monotoneConstraintsMethod: 'advanced', growPolicy: 'depthwise', maxDepth: 5,
  }, 'dynamic'],
  ['monotone, advanced, with all else', {
    ...monotone, monotoneConstraintsMethod: 'advanced', pathSmooth: 3, featureFractionBynode: 0.7,
    cegbPenaltySplit: 0.0001, cegbPenaltyFeatureCoupled: [3, 1, 0, 2, 8, 1, 4], lambdaL1: 0.2,
    forcedSplits: forced, baggingFraction: 0.8, baggingFreq: 1,
  }, 'dynamic'],
  ['interactions', {
    interactionConstraints: [[0, 1, 5], [names[2], 3], [4, 6]], featureFractionBynode: 0.6,
  }],
  ['smoothing', { pathSmooth: 5.5 }],
  ['factors on gains', { featureContri: [0.3, 1, 2, 0, 1, 0.5, 1] }],
  ['forced splits', { forcedSplits: forced }],
  ['forced splits that are given up', {
    forcedSplits: { ...forced, left: { feature: 5, threshold: 12, left: forced } },
  }, 'given up'],
  ['costs of splits', { cegbPenaltySplit: 0.001, cegbTradeoff: 0.4 }],
  ['costs of features', { cegbPenaltyFeatureCoupled: { [names[5]!]: 60, [names[0]!]: 20 } },
    'dynamic'],
  ['votes, smoothing, factors, extra trees', {
    treeLearner: 'voting', topK: 2, ...monotone, pathSmooth: 3, extraTrees: true,
    featureContri: [0.3, 1, 2, 0, 1, 0.5, 1], cegbPenaltySplit: 0.001,
  }],
  ['votes, monotone, advanced, costs, forced splits', {
    treeLearner: 'voting', topK: 2, ...monotone, monotoneConstraintsMethod: 'advanced',
    forcedSplits: forced, cegbPenaltyFeatureCoupled: [3, 1, 0, 2, 8, 1, 4],
    cegbPenaltyFeatureLazy: [0.01, 0, 0.1, 0, 0.01, 0, 0],
  }, 'dynamic'],
  ['costs of features by row', {
    cegbPenaltyFeatureLazy: [0.4, 0.02, 0.1, 0, 0.3, 0.2, 0.05], baggingFraction: 0.8,
    baggingFreq: 1, forcedSplits: forced,
  }, 'dynamic'],
]

describe('rules of trees', () => {
  const plain = train({ params: base, train: data }, new InlineExecutor())
  for (const [name, rules, kind] of cases) {
    describe(name, () => {
      const params = { ...base, ...rules }
      let model: Model
      let expected = ''

      before(async () => {
        const reference = await trainWatched(
          { params: { ...params, speculation: 1 }, train: data }, new InlineExecutor())
        model = reference.model
        expected = digest(model)
        const { rounds, expansions } = reference.watched.statistics
        if (kind === 'dynamic') assert.equal(reference.watched.job!.plan.engine.maxExpansions, 1)
        if (kind === 'given up') assert.ok(rounds > expansions, 'a round that only scans again')
      })

      it('changes the model, which is told of it', async () => {
        const { trees, parameters } = model
        assert.notDeepEqual(trees, (await plain).model.trees)
        assert.ok(trees.every((tree) => tree.leafValue.length > 3))
        assert.equal(Object.keys(parameters).length,
          Object.keys((await plain).model.parameters).length +
          Object.keys(rules).filter((key) => !/fraction|freq|l1|maxDepth|grow|maxDelta/i.test(key))
            .length)
      })

      it('gives the same bytes with speculation, threads, and few histograms', async () => {
        const inline = await train(
          { params: { ...params, speculation: 8 }, train: recut(data, [1, 300, 7]) },
          new InlineExecutor())
        assert.equal(digest(inline.model), expected)
        const threads = await train({
          params: { ...params, speculation: 4, histogramPoolSize: 0.01 }, train: data,
        }, new ThreadExecutor(3))
        assert.equal(digest(threads.model), expected)
      })

      it('gives them from stores, wherever rows are and move', async () => {
        const pools = [new InlineStores(), new InlineStores()]
        const executor = new StoresExecutor({
          pools, deal: randomDeal(3, 4), replacesAt: (request) => request % 5 === 1,
        })
        const { model: own } = await train(
          { params: { ...params, speculation: 4 }, train: data }, executor)
        assert.equal(digest(own), expected)
      })

      it('goes on from a model to the same bytes', async () => {
        const short = await train(
          { params: { ...params, numIterations: 2 }, train: data }, new InlineExecutor())
        const parameters = { ...short.model.parameters, num_iterations: base['numIterations']! }
        const whole = parseModel(serializeModel(model))
        assert.deepEqual({ ...whole.parameters }, { ...parameters })
        const resumed = await train({
          params, train: data,
          resumeFrom: {
            ...whole, trees: whole.trees.slice(0, 2), chainHash: short.model.chainHash,
          },
        }, new InlineExecutor())
        assert.equal(digest(resumed.model), expected)
      })
    })
  }
})

/** Whose stores take every tree back, and add it again. */
class UndoingStores extends InlineStores {
  override async apply(store: number, requests: readonly EngineRequest[]): Promise<void> {
    for (const request of requests) {
      await super.apply(store, [request])
      if (request.kind !== 'commit') continue
      const again = { ...request, leafNodes: null }
      await super.apply(store, [again, again, ...[1, 2].map(() =>
        ({ ...again, tree: negateTree(request.tree), takesBack: true as const }))])
    }
  }

  override async carryOut(store: number, request: EngineRequest): Promise<StoreAnswer> {
    if (request.kind !== 'commit') return super.carryOut(store, request)
    await this.apply(store, [request])
    // of a tree that was never committed in the end: a stump that asks for everything
    const stump = { kind: 'commit', output: 0, leafNodes: null, tree: {
      feature: [0], leftBins: [Uint8Array.of(1)], leftChild: [~0], rightChild: [~1],
      leafValue: [0, 0],
    } } as const
    await super.apply(store, [stump, { ...stump, takesBack: true }])
    return { kind: 'none' }
  }
}

describe('tree_learner = voting under rules', () => {
  it('has the trees of all features where who is not elected could not split', async () => {
    const params = { ...base, ...monotone, monotoneConstraintsMethod: 'intermediate',
      pathSmooth: 2, featureContri: [0.3, 1, 2, 0, 1, 0.5, 1], numLeaves: 5, numIterations: 1 }
    const treesOf = async (own: Params): Promise<Model['trees']> =>
      (await train({ params: { ...params, ...own }, train: data }, new InlineExecutor()))
        .model.trees
    // feature 3 gains nothing, the others have a seat each
    assert.deepEqual(await treesOf({ treeLearner: 'voting', topK: 3 }), await treesOf({}))
  })
})

describe('cegb_penalty_feature_lazy', () => {
  it('forgets trees that are taken back', async () => {
    const costs = [0.4, 0.02, 0.1, 0, 0.3, 0.2, 0.05]
    const options = { params: { ...base, cegbPenaltyFeatureLazy: costs }, train: data }
    const plain = await train(options, new InlineExecutor())
    const undoing = new StoresExecutor({ pools: [new UndoingStores()], deal: randomDeal(2, 4) })
    assert.equal(digest((await train(options, undoing)).model), digest(plain.model))
  })

  it('makes each row pay once', async () => {
    const costs = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    const { model } = await train({ params: { ...base, numIterations: 2, numLeaves: 2,
      cegbPenaltyFeatureLazy: costs }, train: data }, new InlineExecutor())
    const free = await train({ params: { ...base, numIterations: 2, numLeaves: 2 }, train: data },
      new InlineExecutor())
    const [first, second] = model.trees
    const f = first!.splitFeature[0]!
    // all rows pay for the first split, none for the same feature again
    assert.equal(f, free.model.trees[0]!.splitFeature[0])
    assert.ok(Math.abs(
      free.model.trees[0]!.splitGain[0]! - first!.splitGain[0]! - costs[f]! * 1800) < 1e-6)
    assert.equal(second!.splitFeature[0], f)
    const gain = free.model.trees[1]!.splitGain[0]!
    assert.ok(Math.abs(second!.splitGain[0]! - gain) < 1e-9 * gain)
  })
})

/** Sum of the trees at a row of bins. */
function scoreOf(trees: readonly BinnedTree[], bins: readonly number[]): number {
  return trees.reduce((sum, tree) => {
    let at = 0
    while (at >= 0) {
      const bin = bins[tree.feature[at]!]!
      const isLeft = (tree.leftBins[at]![bin >> 3]! >> (bin & 7)) & 1
      at = isLeft === 1 ? tree.leftChild[at]! : tree.rightChild[at]!
    }
    return sum + tree.leafValue[~at]!
  }, 0)
}

describe('monotone_constraints', () => {
  for (const method of ['basic', 'intermediate', 'advanced', 'votes, intermediate']) {
    it(`never lets the score go the other way: ${method}`, async () => {
      const random = new TestRandom(8)
      let nSteps = 0
      const votes = method.startsWith('votes')
      const kinds: readonly Params[] = votes ? [{ treeLearner: 'voting', topK: 2 }]
        : [{}, { pathSmooth: 4 }, { maxDeltaStep: 0.7, lambdaL1: 0.3 }]
      for (const more of kinds) {
        const { model } = await train({ train: data, params: {
          ...base, ...monotone, ...more, numLeaves: 31, minDataInLeaf: 3, numIterations: 4,
          monotoneConstraintsMethod: votes ? 'intermediate' : method,
        } }, new InlineExecutor())
        const trees = model.trees.map((tree) => binTree(tree, data.features))
        for (let i = 0; i < 120; i++) {
          const bins = data.features.map(({ mapper }) => random.below(mapper.nBins))
          for (const [feature, direction] of directions.entries()) {
            const { mapper } = data.features[feature]!
            if (direction === 0 || mapper.kind !== 'numeric') continue
            const scores = Array.from({ length: mapper.nBins }, (_, bin) => bin)
              .filter((bin) => bin !== mapper.missingBin)
              .map((bin) => scoreOf(trees, bins.with(feature, bin)))
            for (let b = 1; b < scores.length; b++) {
              const step = scores[b]! - scores[b - 1]!
              assert.ok(step * direction >= 0, `${feature}: ${bins.join()}`)
              if (step !== 0) nSteps++
            }
          }
        }
      }
      assert.ok(nSteps > (votes ? 200 : 500), `${nSteps} steps were seen`)
    })
  }

  it('loses less where only neighbours bound', async () => {
    const lossOf = async (method: string): Promise<number> => {
      const { model } = await train({ train: data, params: {
        ...base, ...monotone, numLeaves: 40, numIterations: 6, monotoneConstraintsMethod: method,
        isProvideTrainingMetric: true, metric: 'l2',
      } }, new InlineExecutor())
      return model.evaluation[0]!.values.at(-1)!
    }
    const [basic, advanced] = [await lossOf('basic'), await lossOf('advanced')]
    assert.ok(advanced < basic, `${basic} ${advanced}`)
  })
})

describe('interaction_constraints', () => {
  it('lets no two features meet that share no group', async () => {
    const groups = [[0, 1, 5], [2, 3], [3, 6]]
    const { model } = await train({ train: data, params: {
      ...base, numLeaves: 31, interactionConstraints: groups,
    } }, new InlineExecutor())
    let nPaths = 0
    const visit = (tree: Model['trees'][number], at: number, path: readonly number[]): void => {
      if (at < 0) {
        assert.ok(groups.some((group) => path.every((f) => group.includes(f))), path.join())
        nPaths += Number(new Set(path).size > 1)
        return
      }
      const below = [...path, tree.splitFeature[at]!]
      visit(tree, tree.leftChild[at]!, below)
      visit(tree, tree.rightChild[at]!, below)
    }
    for (const tree of model.trees) visit(tree, 0, [])
    assert.ok(nPaths > 10)
    assert.ok(model.trees.every((tree) => !tree.splitFeature.includes(4)))
  })
})

describe('rules that cannot be', () => {
  const refuses = (params: Params, message: RegExp): void => {
    it(String(message), async () => {
      await assert.rejects(
        train({ params: { ...base, ...params }, train: data }, new InlineExecutor()),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'PARAMETER')
          assert.match(error.message, message)
          return true
        })
    })
  }
  refuses({ monotoneConstraints: [1, 0] }, /has 2 numbers and the data have 7 features/)
  refuses({ monotoneConstraints: { nowhere: 1 } }, /a feature "nowhere" that the data do not have/)
  refuses({ monotoneConstraints: directions.with(1, 1) }, /it is categorical and has no order/)
  refuses({ monotoneConstraints: directions, zeroAsMissing: true }, /contradict zero_as_missing/)
  refuses({ monotonePenalty: 2 }, /does nothing without monotone_constraints/)
  refuses({ interactionConstraints: [[0, 7]] }, /names feature 7; the data have features 0 to 6/)
  refuses({ pathSmooth: 1, minDataInLeaf: 1 }, /set min_data_in_leaf = 2/)
  refuses({ cegbTradeoff: 2 }, /does nothing without cegb_penalty_split/)
  refuses({ cegbPenaltyFeatureLazy: [-1] }, /cegbPenaltyFeatureLazy must be .* numbers >= 0/)
  refuses({ forcedSplits: { feature: 1, threshold: 'none' } }, /not one of its categories/)
  refuses({ forcedSplits: { feature: 0, threshold: 'a' } }, /but it is numeric; give a number/)
})
