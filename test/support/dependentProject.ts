/** Five processes that depend on each other, with commands around their lives, whose members are hard to get rid of. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { quoteForShell } from '../../src/command/shellQuoting.ts';
import type { Containment } from '../../src/protocol/startRequest.ts';
import { type Adversary, adversaries } from './adversaries.ts';
import { linesOf, writeProcesses } from './declared.ts';
import { eventually, Run } from './run.ts';

const respawner = fileURLToPath(new URL('../fixtures/adversaries/respawner.pl', import.meta.url));

/** What members do; each process but the one that ends by itself is one of these. */
export const memberKinds: readonly Adversary[] = [
  ...['double-forked daemon', 'the same with env -i', 'own session', 'deaf to TERM', 'bursts of forks'].map(
    (name) => adversaries.find((one) => one.name === name) ?? missing(name),
  ),
  { name: 'respawner', argv: (folder) => ['perl', respawner, folder], processes: 3 },
];

function missing(name: string): never {
  throw new Error(`there is no adversary '${name}'`);
}

const services = ['db', 'api', 'web', 'worker'] as const;
export const names = [...services, 'migrate'] as const;
export type Name = (typeof names)[number];

/** Points of a life at which a command, or the process itself, is held up for as long as a test wants. */
export type Held = 'before' | 'listen' | 'ready' | 'stop';

const dependencies: Readonly<Record<Name, object>> = {
  db: {},
  migrate: { db: 'ready' },
  api: { db: { condition: 'ready', restart: true }, migrate: 'succeeded' },
  web: { api: 'started' },
  worker: { db: 'ready' },
};

/** How often what belongs to one process was begun, and has come to its end. */
export interface Counts {
  readonly starts: number;
  /** Of the command in its stop. */
  readonly begun: number;
  readonly done: number;
  /** Of the command behind its end. */
  readonly gone: number;
}

export class DependentProject implements AsyncDisposable {
  readonly run = new Run();
  readonly #kinds: Readonly<Record<(typeof services)[number], Adversary>>;

  /**
   * @param containmentOf That of the service of this number.
   * @param first Which of the kinds `db` is of; those of the others follow it.
   */
  constructor(containmentOf: (service: number) => Containment, first: number) {
    const kindOf = (turn: number): Adversary => memberKinds[(first + turn) % memberKinds.length] ?? missing(String(turn));
    this.#kinds = { db: kindOf(0), api: kindOf(1), web: kindOf(2), worker: kindOf(3) };
    writeProcesses(this.run.workFolder, Object.fromEntries(names.map((name, number) => [name, this.#specOf(name, containmentOf(number))])));
  }

  /** Number of processes that there are at least, once all are up. */
  get processes(): number {
    return services.reduce((sum, name) => sum + this.#kinds[name].processes, 0);
  }

  hold(at: Held, name: Name): void {
    writeFileSync(this.#holdPath(at, name), '');
  }

  letGo(at: Held, name: Name): void {
    rmSync(this.#holdPath(at, name), { force: true });
  }

  /** Pid of the shell that runs a command which is held up; there is one such line for each time that it was run. */
  async heldShell(at: 'before' | 'ready' | 'begun', name: Name, times = 1): Promise<number> {
    return await eventually(`a command of ${name} is held up (${at})`, () => this.#pidsIn(at, name)[times - 1]);
  }

  /** Resolves when these are ready, and what is run then has ended. */
  async areUp(...some: readonly Name[]): Promise<void> {
    await eventually(`${some.join(', ')} are up`, () => some.every((name) => this.#pidsIn('settled', name).length > 0));
  }

  /** Whether the record of a tree of this name is there. */
  isOnRecord(name: Name): boolean {
    return this.run.recordedNames().has(name);
  }

  counts(): Record<Name, Counts> {
    const count = (file: string, name: Name): number => this.#pidsIn(file, name).length;
    const of = (name: Name): Counts => ({
      starts: count('starts', name),
      begun: count('begun', name),
      done: count('done', name),
      gone: count('gone', name),
    });
    return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Counts>;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.run[Symbol.asyncDispose]();
  }

  #pidsIn(file: string, name: Name): number[] {
    return linesOf(this.run, file).flatMap((line) => (line.startsWith(`${name} `) ? Number(line.split(' ')[1]) : []));
  }

  #holdPath(at: Held, name: Name): string {
    return join(this.run.workFolder, `hold-${at}-${name}`);
  }

  #specOf(name: Name, containment: Containment): object {
    const note = (file: string): string => `echo "${name} $$" >> ${file}`;
    const held = (at: Held): string => `while test -e hold-${at}-${name}; do sleep 0.02; done`;
    const timeout = '2m';
    // What a command leaves behind is a member, too.
    const leavesSome = '(setsid tail -f idle >/dev/null 2>&1 &); (env -i setsid /usr/bin/tail -f "$PWD/idle" >/dev/null 2>&1 &)';
    const shared = {
      ...{ pty: false, containment, dependsOn: dependencies[name] },
      beforeStart: { run: `rm -f listening-${name}; ${leavesSome}; ${note('before')}; ${held('before')}`, timeout },
      stop: [{ run: `${leavesSome}; ${note('begun')}; ${held('stop')}; ${note('done')}`, timeout }, 'SIGTERM', '500ms'],
      onStop: note('gone'),
    };
    if (name === 'migrate') return { ...shared, command: note('starts') };
    const argv = this.#kinds[name].argv(this.run.workFolder).map((value) => quoteForShell({ value }, false));
    return {
      ...shared,
      command: `${note('starts')}; ${held('listen')}; : > listening-${name}; exec ${argv.join(' ')}`,
      ready: { exec: `test -e listening-${name}` },
      afterReady: { run: `${leavesSome}; ${note('ready')}; ${held('ready')}; ${note('settled')}`, timeout },
    };
  }
}
