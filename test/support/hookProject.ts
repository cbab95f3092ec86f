import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, Run } from './run.ts';
import { survivorsAfterLooking } from './survivors.ts';

/** In a command: waits until there is a file of this name, see {@link HookProject.letGo}. */
export function until(name: string): string {
  return `until test -e ${name}; do sleep 0.05; done`;
}

/** A folder with one process `it`. */
export class HookProject implements AsyncDisposable {
  readonly run = new Run();
  readonly #saysThatItIsUp: boolean;

  constructor(process: object) {
    this.#saysThatItIsUp = !('command' in process);
    mkdirSync(join(this.run.workFolder, '.vscode'));
    const it = { command: 'echo up >> starts; exec tail -f idle', pty: false, env: { WHO: 'me' }, ...process };
    writeFileSync(join(this.run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes: { it } }));
  }

  /** What the commands have written into a file of this name. */
  written(name = 'ends'): string {
    const path = join(this.run.workFolder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Lets go on what waits for a file of this name: {@link until}. */
  letGo(name: string): void {
    writeFileSync(join(this.run.workFolder, name), '');
  }

  async up(): Promise<{ readonly owner: ReturnType<Run['start']>; readonly warden: number; readonly leader: number }> {
    const before = this.written('starts');
    const owner = this.run.start(['up']);
    const tree = await eventually('it is ready', () => this.run.ps().find(({ state }) => state === 'ready'));
    // Ready is when it was started: it comes to its first line a moment later.
    if (this.#saysThatItIsUp) await eventually('it is up', () => this.written('starts').slice(before.length).endsWith('up\n'));
    return { owner, warden: tree.warden.pid, leader: tree.leader.pid };
  }

  /** Pid of the process that has claimed a record of the tree, to run its commands. */
  claimant(): number {
    const names = readdirSync(this.run.runtimeFolder).flatMap((folder) => readdirSync(join(this.run.runtimeFolder, folder)));
    const [pid] = names.flatMap((name) => /\.(\d+)-[\d.]+\.claim\.json$/.exec(name)?.[1] ?? []);
    return Number(pid ?? assert.fail(`no process has claimed a record: ${names.join()}`));
  }

  async noneIsLeft(): Promise<void> {
    await eventually('no process is left', async () => (await survivorsAfterLooking(this.run.workFolder)).length === 0);
    await eventually('nothing is on record', () => readdirSync(this.run.runtimeFolder).length === 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.run[Symbol.asyncDispose]();
  }
}
