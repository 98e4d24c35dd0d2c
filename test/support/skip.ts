/**
 * Skips the running test, or from a hook every test of its block, with a reason that the report
 * shows. Returns never.
 */
export function skipBecause(context: Mocha.Context, reason: string): never {
  const test = context.test
  // Hooks are runnables too; only `type`, which the declarations leave out, tells them from tests.
  const isHook = test !== undefined && 'type' in test && test.type === 'hook'
  const titled = isHook ? test.parent : test
  if (titled !== undefined) titled.title += ` (skipped: ${reason})`
  return context.skip()
}
