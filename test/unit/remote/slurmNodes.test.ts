/** How Slurm is asked for a job, by programs that stand for its own. */
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { SlurmNodes } from '../../../src/remote/slurmNodes.ts';
import { eventually } from '../../support/run.ts';

it('a job that waits is asked for again before a lease that has begun with it can be over, however long it has waited', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-squeue-'));
  const asked = join(folder, 'asked');
  const program = (name: string, line: string): void => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  program('sbatch', 'cat >/dev/null; echo 7');
  program('squeue', `case "$*" in *--jobs=7*) echo . >> '${asked}'; echo 'PENDING|n/a|N/A|Resources';; esac`);
  const path = process.env['PATH'];
  process.env['PATH'] = `${folder}:${path}`;
  const stopping = new AbortController();
  try {
    const places = { node: 'node', bundles: '/nowhere', staged: 'nowhere' };
    const nodes = new SlurmNodes(
      { type: 'slurm', leaseMillis: 20, workspace: '/w' },
      { name: 'far', lease: '1-2', places, stopMillis: 1000 },
    );
    const isStopped = assert.rejects(
      nodes.place(() => undefined, stopping.signal),
      { name: 'AbortError' },
    );
    // After so many questions, the interval would have grown to many minutes; to a quarter of one at most where only the controller is thought of.
    await eventually('it has asked thirty times', () => existsSync(asked) && readFileSync(asked, 'utf8').split('\n').length > 30, 60_000);
    stopping.abort();
    await isStopped;
  } finally {
    stopping.abort();
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  }
});
