import { NamedPorts } from '../../loopback/namedPorts.ts';
import { portKey } from '../../protocol/processTemplate.ts';

/** The ports that declarations name, the same for all processes of this warden. Reserved first, so that a start need not wait. */
export class NamedPortTable {
  readonly #ports = new NamedPorts();
  readonly #known = new Map<string, number>();
  readonly #isDeclared: (name: string) => boolean;

  /** `isDeclared`: whether there is a process of this name. */
  constructor(isDeclared: (name: string) => boolean = () => false) {
    this.#isDeclared = isDeclared;
  }

  /** @throws Error where the system has no port left. */
  async reserve(names: readonly string[]): Promise<void> {
    for (const name of names) if (!this.#known.has(name)) this.#known.set(name, await this.#ports.portFor(name));
  }

  async portFor(name: string): Promise<number> {
    await this.reserve([name]);
    return this.of(name);
  }

  /** @throws Error where it was not reserved. */
  of(name: string): number {
    const port = this.#known.get(name);
    if (port === undefined) throw new Error(`the port '${name}' is not known`);
    return port;
  }

  /**
   * That of an instance. A port with the name of another process is that one's, and the same for all instances: workers find their database by it.
   * @throws Error where it was not reserved.
   */
  ofInstance(name: string, process: string, instance: number): number {
    return this.of(portKey(name, name !== process && this.#isDeclared(name) ? 1 : instance));
  }
}
