/**
 * Waits for something that happens outside of what a test can observe by events, such as a socket
 * being closed by the kernel. Rejects with `what` after `patienceMs`.
 */
export async function eventually(
  what: string,
  isMet: () => boolean,
  patienceMs = 5000,
): Promise<void> {
  const start = performance.now()
  while (!isMet()) {
    if (performance.now() - start > patienceMs) throw new Error(`never happened: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
