import { nearestName } from '@coppice/api/command'
import type { Argv } from 'yargs'
import { UsageError } from './exit-codes.js'
import { FlagValues } from './flag-values.js'

/** A flag of a command. */
export interface Flag {
  readonly name: string
  readonly describe: string
  /** Heading of the help page. */
  readonly group: string
  /**
   * 'one' value, 'many' values (several after the flag, or the flag several times), 'repeated'
   * (one value each time), 'switch' (no value), 'truth' (true, false or nothing, which is true).
   */
  readonly takes: 'one' | 'many' | 'repeated' | 'switch' | 'truth'
  /** Shown as the default. */
  readonly default?: string | undefined
  readonly choices?: readonly string[] | undefined
  readonly isRequired?: boolean | undefined
  readonly isHidden?: boolean | undefined
  readonly short?: string | undefined
}

/** One word after `coppice`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Words after the flags, such as '[name]'; at most one. */
  readonly positional?: { readonly name: string, readonly describe: string }
  /** Any number of words after the flags, such as 'key=value ...'; instead of `positional`. */
  readonly words?: { readonly name: string, readonly describe: string }
  /** What the help page says below the flags. */
  readonly examples: readonly (readonly [command: string, meaning: string])[]
  readonly flags: readonly Flag[]
  /** What its exit status says, where that is not what those of all commands say. */
  readonly exitCodes?: string
  /** Does the work; resolves to the exit status. */
  readonly run: (values: FlagValues) => Promise<number>
}

/**
 * Tells yargs about the flags of a command.
 * @param helps - whether the help page is wanted: yargs makes it in any case, which with all flags
 *   on it takes longer than reading them
 */
export function describeFlags(
  command: Command, parser: Argv, epilogue: string, helps: boolean,
): Argv {
  for (const flag of command.flags) {
    const takesOne = flag.takes === 'one' || flag.takes === 'repeated'
    parser.option(flag.name, {
      describe: flag.choices === undefined ? flag.describe
        : `${flag.describe} (${flag.choices.join(', ')})`,
      group: `${flag.group}:`,
      hidden: flag.isHidden === true || !helps,
      ...(flag.takes === 'switch' ? { boolean: true } : { string: true }),
      ...(flag.takes === 'many' ? { array: true } : {}),
      ...(takesOne ? { nargs: 1 } : {}),
      ...(flag.default === undefined ? {} : { defaultDescription: flag.default }),
      ...(flag.short === undefined ? {} : { alias: flag.short }),
    })
  }
  if (!helps) return parser
  for (const [example, meaning] of command.examples) parser.example(example, meaning)
  return parser.usage(`$0 ${command.name}${positionalUsage(command)} [flags]\n\n` +
    command.summary).epilogue(epilogue)
}

function positionalUsage({ positional, words }: Command): string {
  const word = positional ?? words
  return word === undefined ? '' : ` [${word.name}]`
}

/**
 * The values that yargs found.
 * @throws UsageError for unknown flags (with the nearest), stray words and missing flags
 */
export function readFlags(command: Command, argv: Readonly<Record<string, unknown>>): FlagValues {
  const { flags, positional } = command
  const known = new Set(flags.map(({ name }) => name))
  for (const key of Object.keys(argv)) {
    if (key === '_' || key === '$0' || key === 'help' || key === 'version') continue
    if (known.has(key)) continue
    const near = nearestName(key.replaceAll('-', '_'), [...known].map((name) =>
      name.replaceAll('-', '_')))
    const meant = near === null ? undefined
      : flags.find(({ name }) => name.replaceAll('-', '_') === near)?.name
    throw new UsageError(`unknown flag --${key}` +
      (meant === undefined ? '' : `; did you mean --${meant}?`))
  }
  const words = (argv['_'] as readonly unknown[]).map(String).slice(1)
  const stray = words[positional === undefined ? 0 : 1]
  if (stray !== undefined && command.words === undefined) {
    throw new UsageError(`unexpected argument "${stray}"; quote patterns, so that the shell ` +
      'leaves them alone')
  }
  const missing = flags.find(({ name, isRequired }) => isRequired === true && !(name in argv))
  if (missing !== undefined) throw new UsageError(`--${missing.name} is missing`)
  const values = new FlagValues(argv, words)
  for (const { name, choices } of flags) if (choices !== undefined) values.choice(name, choices)
  return values
}
