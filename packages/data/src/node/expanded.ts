/** What an input stands for: data files, or one manifest. */
export type Expanded = { readonly paths: readonly string[] } | { readonly manifest: string }

/** Names that begin with '.' or '_' are not data (as in Spark and Hive). */
export function isHidden(path: string): boolean {
  return path.split(/[/\\]/).some((part) => part.startsWith('.') || part.startsWith('_'))
}
