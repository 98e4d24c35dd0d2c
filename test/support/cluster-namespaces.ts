import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** A host of a network that is made up on this machine. */
export interface MadeHost {
  readonly name: string
  readonly address: string
}

/**
 * Several hosts on one machine: a network namespace each, joined by a bridge in a namespace of its
 * own, so that nothing of the machine's own network is touched. Linux, root and `ip` are needed.
 */
export class MadeNetwork {
  readonly hosts: readonly MadeHost[]
  /** Names of namespaces are the machine's: two runs at once must not meet. */
  readonly #tag: string
  readonly #made: string[] = []

  /** @throws Error with what `ip` said; nothing is left over then */
  static async make(names: readonly string[]): Promise<MadeNetwork> {
    const network = new MadeNetwork(names)
    try {
      await network.#make()
    } catch (error) {
      await network.remove()
      throw error
    }
    return network
  }

  /** @returns why this machine cannot have such networks, or null where it can */
  static async whyNot(): Promise<string | null> {
    if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
    if (process.getuid?.() !== 0) return 'only root may make network namespaces'
    try {
      await (await MadeNetwork.make(['probe'])).remove()
      return null
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string }
      const text = (stderr ?? '').trim() || message
      return `network namespaces cannot be made here: ${text.split('\n')[0]}`
    }
  }

  private constructor(names: readonly string[]) {
    this.#tag = `cop${randomBytes(3).toString('hex')}`
    this.hosts = names.map((name, i) => ({ name, address: `10.213.77.${i + 1}` }))
  }

  host(name: string): MadeHost {
    return this.hosts.find((host) => host.name === name)!
  }

  /** The command to put before another, so that it runs on that host. */
  on(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.#namespace(name)]
  }

  /** Pulls the plug of a host: nothing comes or goes, and nobody is told. */
  async unplug(name: string): Promise<void> {
    await this.#set(name, 'down')
  }

  async plug(name: string): Promise<void> {
    await this.#set(name, 'up')
  }

  /** Removes everything, whatever is there. */
  async remove(): Promise<void> {
    for (const namespace of this.#made.splice(0).reverse()) {
      await ip('netns', 'del', namespace).catch(() => undefined)
    }
  }

  async #make(): Promise<void> {
    const hub = this.#namespace('hub')
    await this.#addNamespace(hub)
    await ip('-n', hub, 'link', 'add', 'hub', 'type', 'bridge')
    await ip('-n', hub, 'link', 'set', 'hub', 'up')
    for (const [i, { name, address }] of this.hosts.entries()) {
      const namespace = this.#namespace(name)
      await this.#addNamespace(namespace)
      await ip('-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port(i),
        'netns', hub)
      await ip('-n', hub, 'link', 'set', port(i), 'master', 'hub', 'up')
      await ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
      await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
      await ip('-n', namespace, 'link', 'set', 'lo', 'up')
    }
  }

  async #addNamespace(namespace: string): Promise<void> {
    this.#made.push(namespace)
    await ip('netns', 'add', namespace)
  }

  #namespace(name: string): string {
    return `${this.#tag}-${name}`
  }

  /** At the hub's end, as if a switch had lost its power: the host's own link stays. */
  async #set(name: string, state: 'up' | 'down'): Promise<void> {
    const i = this.hosts.findIndex((host) => host.name === name)
    await ip('-n', this.#namespace('hub'), 'link', 'set', port(i), state)
  }
}

function port(i: number): string {
  return `port${i}`
}

async function ip(...args: string[]): Promise<void> {
  await execute('ip', args)
}
