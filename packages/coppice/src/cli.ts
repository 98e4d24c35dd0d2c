import { nearestName } from '@coppice/api/command'
import yargs from 'yargs'
import { type Command, describeFlags, readFlags } from './command.js'
import { convertCommand } from './commands/convert.js'
import { coordinatorCommand } from './commands/coordinator.js'
import { cvCommand } from './commands/cv.js'
import { evaluateCommand } from './commands/evaluate.js'
import { fetchCommand } from './commands/fetch.js'
import { inspectCommand } from './commands/inspect.js'
import { paramsCommand } from './commands/params.js'
import { partitionCommand } from './commands/partition.js'
import { predictCommand } from './commands/predict.js'
import { refitCommand } from './commands/refit.js'
import { runCommand } from './commands/run.js'
import { statusCommand } from './commands/status.js'
import { trainCommand } from './commands/train.js'
import { tuneCommand } from './commands/tune.js'
import { workerCommand } from './commands/worker.js'
import { wantsJson } from './early-signals.js'
import { ExitCode, exitCodeOf, exitCodesText, UsageError } from './exit-codes.js'
import { describeFailure, failureJson } from './failure.js'
import { readVersion } from './version.js'

const commands: readonly Command[] = [
  trainCommand, cvCommand, tuneCommand, runCommand, predictCommand, evaluateCommand, refitCommand,
  inspectCommand, convertCommand, partitionCommand,
  paramsCommand, coordinatorCommand, workerCommand, statusCommand, fetchCommand,
]

/** Runs the command and gives its exit status; everything it says goes to stdout and stderr. */
export async function main(args: readonly string[]): Promise<number> {
  const name = args.find((arg) => !arg.startsWith('-'))
  const command = args[0] === name ? commands.find((each) => each.name === name) : undefined
  const prefix = command === undefined ? 'coppice' : `coppice ${command.name}`
  try {
    if (command === undefined) requireKnownCommand(args)
    else requireValues(args, command)
    return await parse(args, command)
  } catch (error) {
    const hint = error instanceof UsageError ? `Try '${prefix} --help'.\n` : ''
    process.stderr.write(wantsJson(args) ? failureJson(error)
      : describeFailure(prefix, error) + hint)
    return exitCodeOf(error)
  }
}

function wantsHelp(args: readonly string[]): boolean {
  return args[0] === 'help' ||
    args.some((arg) => arg.startsWith('--help') || arg.startsWith('-h'))
}

function requireKnownCommand(args: readonly string[]): void {
  const [first] = args
  if (first === undefined) throw new UsageError('no command is given')
  if (['--help', '-h', '--version', '-v', 'help'].includes(first)) return
  const names = commands.map(({ name }) => name)
  if (first.startsWith('-')) {
    throw new UsageError(`the command must come first, one of ${names.join(', ')}; got ${first}`)
  }
  const near = nearestName(first, names)
  throw new UsageError(`unknown command "${first}"` +
    (near === null ? `; the commands are ${names.join(', ')}` : `; did you mean "${near}"?`))
}

/**
 * A flag that takes many values may be given several times, and yargs does not tell when one of
 * them is without a value.
 */
function requireValues(args: readonly string[], { flags }: Command): void {
  const many = new Map(flags.filter(({ takes }) => takes === 'many')
    .flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]
      .map((spelling) => [spelling, name])))
  args.forEach((arg, i) => {
    const name = many.get(arg)
    if (name === undefined || (i + 1 < args.length && !/^-\D/.test(args[i + 1]!))) return
    throw new UsageError(`--${name} needs a value`)
  })
}

async function parse(args: readonly string[], command: Command | undefined): Promise<number> {
  const helps = wantsHelp(args)
  const parser = yargs(args[0] === 'help' ? ['--help'] : [...args])
    .scriptName('coppice')
    .usage('$0 <command> [flags]\n\nGradient-boosted trees: fast, and the same bytes everywhere.')
    .parserConfiguration({
      'boolean-negation': false,
      'camel-case-expansion': false,
      'dot-notation': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'short-option-groups': false,
      'strip-aliased': true,
    })
    .version(readVersion())
    .alias('version', 'v')
    .help()
    .alias('help', 'h')
    // yargs makes the page in any case, and breaking its lines takes longer than all else it does.
    .wrap(helps ? Math.min(100, process.stdout.columns ?? 100) : null)
    .epilogue(helps ? `${exitCodesText}\n\n'coppice <command> --help' explains a command; ` +
      "'coppice params' its parameters." : '')
    .exitProcess(false)
    .fail(false)
  let status: number = ExitCode.ok
  for (const each of commands) {
    parser.command({
      command: each.name,
      describe: each.summary,
      // Only the command that runs pays for its flags.
      builder: (own) => each !== command ? own
        : describeFlags(each, own, each.exitCodes ?? exitCodesText, helps),
      handler: async (argv) => {
        status = await each.run(readFlags(each, argv))
      },
    })
  }
  try {
    await parser.parseAsync()
  } catch (error) {
    if (error instanceof Error && error.name === 'YError') throw usageError(error)
    throw error
  }
  return status
}

/** What yargs found wrong, in our words. */
function usageError({ message }: Error): UsageError {
  const valueless = /^Not enough arguments following: (.+)$/.exec(message)
  if (valueless !== null) return new UsageError(`--${valueless[1]} needs a value`)
  return new UsageError(message.replaceAll(/\s*\n\s*/g, ' ').trim())
}
