/**
 * `npm start`: from a fresh clone to a trained model. Sets up, prepares 3,000,000 real flights,
 * trains on all cores with the same command a user would type, shows how well the model predicts
 * flights it has not seen and which features it uses, and says how to go on.
 */
import { availableParallelism } from 'node:os'
import { inRoot } from './lib/paths.mjs'
import { runNode, seconds } from './lib/run.mjs'
import { prepareFlights } from './prepare-flights.mjs'
import { setup } from './setup.mjs'

const bin = 'packages/coppice/dist/src/bin.js'
const model = 'datasets/flights/model.json'
const train = [
  'train',
  '--data', 'datasets/flights/train/*.parquet',
  '--valid', 'datasets/flights/test/*.parquet',
  '--label', 'delayed',
  '--categorical', 'origin,destination',
  '--objective', 'binary',
  '--metric', 'auc,binary_logloss',
  '--num_leaves', '255',
  '--model', model,
]

/** Shows a command as it can be typed, then runs it; the paths are relative to the repository. */
async function coppice(args) {
  const shown = args.map((arg) => /[*?\s]/.test(arg) ? `'${arg}'` : arg).join(' ')
  console.log(`\n$ npx coppice ${shown}`)
  const { code } = await runNode(inRoot(bin), args)
  if (code !== 0) throw new Error(`coppice ${args[0]} ended with status ${code}`)
}

try {
  const start = performance.now()
  await setup()
  console.log(`set-up: ready (${seconds(start)})`)
  console.log(`flights: ${await prepareFlights()}`)
  console.log(`
Will a flight be more than 15 minutes late? 2,497,772 flights of January to May 2001 train the
model on ${availableParallelism()} cores; 502,228 flights of June, which it never sees, judge it.`)
  const startTraining = performance.now()
  await coppice(train)
  console.log(`\nread, binned, trained, judged and saved in ${seconds(startTraining)}`)
  await coppice(['inspect', '--model', model])
  console.log(`
The model is ${model}. To predict with it:

  npx coppice predict --model ${model} \\
    --data 'datasets/flights/test/*.parquet' --out datasets/flights/scores.csv`)
} catch (error) {
  console.error(`npm start: ${error.message}`)
  process.exitCode = 1
}
