/** SIGUSR1 opens Node's debugger, by which other users of the machine could run code: not in programs of ours. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listenersOf } from '../support/listeners.ts';
import { eventually, Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';

describe('SIGUSR1 opens no debugger', () => {
  const declared = JSON.stringify({
    processes: { it: { command: 'touch up; exec sleep 1000' } },
    models: { m: { runtime: 'custom', command: ['false', '${port}'] } },
  });
  for (const [args, own] of [
    [['up', 'it'], 0],
    [['run', '--', 'sh', '-c', 'trap : USR1; touch up; while :; do sleep 1; done'], 0],
    [['mcp', '--http'], 1],
  ] as const)
    it(`of tree-warden ${args[0]}, and of its warden`, async () => {
      await using run = new Run();
      mkdirSync(join(run.workFolder, '.vscode'));
      writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), declared);
      const child = run.start(args);
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
      await eventually('it is up', () => (own > 0 ? listenersOf(child.pid) === own : existsSync(join(run.workFolder, 'up'))));
      const pids = [child.pid, ...run.wardenPids()];
      for (const pid of pids) {
        process.kill(pid, 'SIGUSR1');
        // Each in turn: two could not have the same port.
        run.ps();
        assert.equal(listenersOf(pid), pid === child.pid ? own : 0);
        assert.ok(isAlive(pid));
      }
      assert.equal(said, '');
      child.kill('SIGTERM');
    });
});
