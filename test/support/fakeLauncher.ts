import { setImmediate as turn } from 'node:timers/promises';
import type { InstanceEnd, Launched, Launcher, LaunchListener } from '../../src/gateway/launcher.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { ModelRequest } from '../../src/protocol/models.ts';
import { instanceName } from '../../src/protocol/names.ts';

/** What may go wrong, as parts of 1. */
export interface Odds {
  readonly noLaunch: number;
  readonly noLoad: number;
  readonly noEnd: number;
}

/** A server that has memory: from the beginning of its launch until its end has been verified. */
export interface FakeServer {
  readonly name: string;
  readonly model: string;
  readonly exclusive: string | undefined;
  readonly bytes: number;
  tree: TreeId | undefined;
  die: (end: InstanceEnd) => void;
}

/** Servers that are no processes, take a random time for everything, and fail at random. It checks that memory is never given out twice. */
export class FakeLauncher implements Launcher {
  readonly #random: () => number;
  readonly #servers = new Map<string, FakeServer>();
  /** What must never happen, as sentences. */
  readonly violations: string[] = [];
  /** What was ended, and why. */
  readonly ends: string[] = [];
  odds: Odds;
  /** Bytes that all servers together may have, as their models say what they need; undefined: as many as they want. */
  budget: number | undefined;
  launches = 0;

  constructor(random: () => number, odds: Odds) {
    this.#random = random;
    this.odds = odds;
  }

  /** Those of which it is not verified that they have ended. */
  get servers(): readonly FakeServer[] {
    return [...this.#servers.values()];
  }

  async launch({ name: model, exclusive, memory }: ModelRequest, number: number, listener: LaunchListener): Promise<Launched> {
    const name = instanceName(model, number);
    const others = this.servers.filter((other) => exclusive !== undefined && other.exclusive === exclusive && other.model !== model);
    if (listener.isGivenUp()) this.violations.push(`${name} is launched, though it is not needed`);
    for (const other of others) this.violations.push(`${name} is launched while ${other.name} has the memory of '${exclusive}'`);
    if (this.#servers.has(name)) this.violations.push(`${name} is launched while it is there`);
    const server: FakeServer = { name, model, exclusive, bytes: memory?.memoryBytes ?? 0, tree: undefined, die: () => undefined };
    this.#servers.set(name, server);
    const bytes = this.servers.reduce((sum, one) => sum + one.bytes, 0);
    if (this.budget !== undefined && bytes > this.budget)
      this.violations.push(`${name} is launched, and ${bytes} of ${this.budget} bytes are taken`);
    this.launches++;
    await this.#while(5);
    if (this.#random() < this.odds.noLaunch) {
      this.#servers.delete(name);
      throw new Error(`There is no command for '${name}'.`);
    }
    const tree = `${name}/${this.launches}` as TreeId;
    server.tree = tree;
    const ended = new Promise<InstanceEnd>((resolve) => {
      server.die = resolve;
    });
    const dead = ended.then(({ reason }): never => {
      throw new Error(`its server ${reason}`);
    });
    const ready = Promise.race([this.#load(server), dead]);
    // Both are heard by who launches.
    for (const promise of [dead, ready]) promise.catch(() => undefined);
    return { tree, name, port: 1, ready, ended };
  }

  takeOver(): Launched {
    throw new Error('no process has come before this one');
  }

  async end({ tree, name }: Pick<Launched, 'tree' | 'name'>, reason: string): Promise<void> {
    this.ends.push(`${name}: ${reason}`);
    await this.#while(5);
    const server = this.#servers.get(name);
    if (server?.tree !== tree) return;
    server.die({ reason: 'was ended', wanted: true });
    await this.#while(5);
    if (this.#random() < this.odds.noEnd) throw new Error(`The memory of '${name}' is not back.`);
    this.#servers.delete(name);
  }

  async #load(server: FakeServer): Promise<void> {
    await this.#while(10);
    if (this.#random() >= this.odds.noLoad) return;
    server.die({ reason: 'exited with code 1', wanted: false });
    await turn();
  }

  async #while(most: number): Promise<void> {
    for (let left = Math.floor(this.#random() * most); left > 0; left--) await turn();
  }
}
