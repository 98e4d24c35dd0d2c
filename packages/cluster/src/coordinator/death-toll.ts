/** Processes in a row that died of a partition, by partition. */
export class DeathToll {
  /** Names of workers by incarnation. */
  readonly #dead = new Map<number, Map<string, string>>()

  /** @returns the names of those who died of it by now, one for each process */
  count(partition: number, worker: string, incarnation: string): readonly string[] {
    const dead = this.#dead.get(partition) ?? new Map<string, string>()
    this.#dead.set(partition, dead.set(incarnation, worker))
    return [...dead.values()]
  }

  /** A process that was thought dead was only cut off. */
  revive(incarnation: string): void {
    for (const dead of this.#dead.values()) dead.delete(incarnation)
  }

  /** Somebody outlived the partition. */
  forgive(partition: number): void {
    this.#dead.delete(partition)
  }

  /** Somebody outlived all of them. */
  clear(): void {
    this.#dead.clear()
  }
}
