/** A tree that has used up the processes of its user: whatever has to end it can start nothing any more. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cli, eventually, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';
import { threadsOf } from '../support/users.ts';

const adversary = fileURLToPath(new URL('../fixtures/adversaries/uses-up-processes.pl', import.meta.url));
/** Debian's `lp`, to whom nothing else belongs: the kernel counts all processes and threads of a user. */
const user = 7;
const mostProcesses = 120;

const strikes: Readonly<Record<string, (owner: number, warden: number) => readonly [pid: number, signal: NodeJS.Signals][]>> = {
  'SIGTERM of the owner': (owner) => [[owner, 'SIGTERM']],
  'SIGKILL of the owner': (owner) => [[owner, 'SIGKILL']],
  'SIGKILL of the warden': (_, warden) => [[warden, 'SIGKILL']],
  'SIGKILL of both': (owner, warden) => [
    [owner, 'SIGKILL'],
    [warden, 'SIGKILL'],
  ],
};

for (const containment of ['group', 'auto'] as const) {
  for (const [name, strike] of Object.entries(strikes)) {
    test(`a tree that leaves its user no processes is gone after ${name} (${containment})`, {
      skip: process.getuid?.() !== 0 && 'only root can become a user of its own',
    }, async (t) => {
      await using run = new Run();
      const owner = startAsUser(run, ['run', '--grace', '300ms', '--containment', containment, '--', 'perl', adversary, run.workFolder]);
      const [warden = 0] = await eventually('the warden is there', () => (run.wardenPids().length > 0 ? run.wardenPids() : undefined));
      await eventually('the user has no processes left', () => threadsOf(user) >= mostProcesses - 1);
      const begun = performance.now();
      for (const [pid, signal] of strike(owner.pid, warden)) process.kill(pid, signal);
      const own = new Set([owner.pid, warden]);
      await eventually(
        'nothing of the tree is alive',
        async () => survivorsOf(run.workFolder, own).length === 0 && (await survivorsAfterLooking(run.workFolder, own)).length === 0,
        15_000,
      );
      t.diagnostic(`gone after ${Math.round(performance.now() - begun)} ms`);
      await eventually('owner and warden have ended', () => !isAlive(owner.pid) && !isAlive(warden));
      assert.deepEqual(survivorsOf(run.workFolder), []);
      // The switch and the reaper, too: until then, they take places of the user's, which the next one needs to start.
      await eventually('nothing of the user is left', () => threadsOf(user) === 0);
    });
  }
}

function startAsUser(run: Run, args: readonly string[]): ChildProcess & { readonly pid: number } {
  for (const folder of [run.folder, run.workFolder, join(run.workFolder, 'idle')]) chownSync(folder, user, user);
  const drop = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', 'prlimit', `--nproc=${mostProcesses}`];
  const env = { ...run.env, HOME: run.folder };
  const child = spawn('setpriv', [...drop, process.execPath, cli, ...args], { cwd: run.workFolder, env, stdio: 'ignore' });
  if (child.pid === undefined) throw new Error('the CLI could not be started');
  return child as typeof child & { readonly pid: number };
}
