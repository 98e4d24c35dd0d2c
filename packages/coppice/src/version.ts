import { readFileSync } from 'node:fs'

/** Whether nothing but the version is asked for, which needs nothing of the library. */
export function wantsVersion(args: readonly string[]): boolean {
  return args.length === 1 && (args[0] === '--version' || args[0] === '-v')
}

/** The version of this package. */
export function readVersion(): string {
  const manifest = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
