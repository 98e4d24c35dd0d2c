declare module 'picomatch' {
  /** A function that tells whether a path matches the pattern. */
  export default function picomatch(
    pattern: string,
    options?: { readonly dot?: boolean },
  ): (path: string) => boolean
}
