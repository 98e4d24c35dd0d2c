/** Flags of the command whose names are not those of the options of the library. */
const flags: Readonly<Record<string, string>> = {
  nFolds: '--folds', seed: '--fold-seed', groups: '--fold-group', maxTrainRows: '--max-train-rows',
  validationFraction: '--validation-fraction', validationSeed: '--validation-seed',
  nTrials: '--trials', searchSeed: '--search-seed',
}

/** An option as messages name it: with the flag of the command, where that has another name. */
export function shownOption(name: string): string {
  const flag = flags[name]
  return flag === undefined ? name : `${name} (${flag})`
}
