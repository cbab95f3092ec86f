import { NamedPorts } from '../../loopback/namedPorts.ts';

/** The ports that declarations name, the same for all processes of this warden. Reserved first, so that a start need not wait. */
export class NamedPortTable {
  readonly #ports = new NamedPorts();
  readonly #known = new Map<string, number>();

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
}
