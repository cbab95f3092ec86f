/** Jobs of a pool, as the command line runs and lists them. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Run, wardenScript } from './run.ts';
import { survivorsAfterLooking } from './survivors.ts';

export interface Listed {
  readonly name: string;
  readonly running: number;
  readonly queued: number;
  readonly waiting: number;
  readonly lost: number;
  readonly jobs: readonly {
    readonly name: string;
    readonly state: string;
    readonly arguments?: string;
    readonly exit?: { readonly code: number };
  }[];
}

export function listed(run: Run, pool: string): Listed {
  const [found] = JSON.parse(run.call(['jobs', pool, '--json']).stdout) as Listed[];
  return found ?? assert.fail(`${pool} is not listed`);
}

export function statesOf(run: Run, pool: string): Record<string, string> {
  return Object.fromEntries(listed(run, pool).jobs.map(({ name, state }) => [name, state]));
}

/** Starts `job` in the background; `text` is all that it has said and printed. */
export function startJob(
  run: Run,
  ...args: readonly string[]
): { readonly child: ChildProcess & { readonly pid: number }; readonly text: () => string } {
  const child = run.start(['job', ...args]);
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  return { child, text: () => text };
}

/** The warden itself lives for some seconds without work, and for a moment after its record is gone. */
export async function assertNoJobLeft(run: Run): Promise<void> {
  const found = await survivorsAfterLooking(run.workFolder);
  assert.deepEqual(
    found.filter(({ command }) => !command.includes(`${wardenScript} serve`)),
    [],
  );
}

/** Runs until a file of this name is there, and writes both down. */
export const held = 'echo "start $1" >> log; while ! test -e "go-$1"; do sleep 0.05; done; echo "end $1" >> log';

export function release(run: Run, name: string): void {
  writeFileSync(join(run.workFolder, `go-${name}`), '');
}
