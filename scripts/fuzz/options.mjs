/** The command line of the fuzzer. */
import { parseArgs } from 'node:util'

const help = `npm run fuzz -- [options]

  --inputs N        inputs for each target (default 100000)
  --seed S          they depend on the seed and their number alone (default 1)
  --target NAME     one of frames, messages, sums, journal, upgrade; may be repeated
                    (default: all)
  --first I         number of the first input (default 0)
  --no-build        use what is built

An input that fails is printed with the command that replays it.`

/**
 * @param {string[]} args
 * @param {string[]} known - names of the targets
 * @returns {object | string} the options, or the text to show for --help
 * @throws {Error} that says what is wrong and what is legal
 */
export function parseOptions(args, known) {
  const { values } = parseArgs({
    args,
    options: {
      inputs: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string', multiple: true, default: known },
      first: { type: 'string', default: '0' },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return help
  const unknown = values.target.filter((name) => !known.includes(name))
  if (unknown.length > 0) {
    throw new Error(`no target "${unknown.join('", "')}"; there are: ${known.join(', ')}`)
  }
  return {
    nInputs: integer('--inputs', values.inputs, 1),
    seed: integer('--seed', values.seed, 0),
    first: integer('--first', values.first, 0),
    targets: values.target,
    builds: !values['no-build'],
  }
}

function integer(name, text, least) {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= least && text.trim() !== '') return value
  throw new Error(`${name} must be an integer of at least ${least}, got "${text}"`)
}
