/** Times that are longer than Node's timers can wait, 596.5 hours: nothing happens before they are over. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Check, Probe } from '../../src/protocol/policies.ts';
import { parseDuration } from '../../src/protocol/quantities.ts';
import { eventually } from '../support/run.ts';
import { TestWarden } from '../support/warden.ts';

const long = parseDuration('600h');
const probe = (check: Check, changes: Partial<Probe> = {}): Probe => ({
  check,
  delayMillis: 0,
  periodMillis: 20,
  timeoutMillis: 1000,
  failureThreshold: 2,
  successThreshold: 1,
  ...changes,
});
const never: Check = { by: 'exec', argv: ['/bin/false'] };
const asks: Check = { by: 'exec', argv: ['/bin/sh', '-c', 'echo >> asked'] };

describe('600 hours', () => {
  it('are waited for: as a deadline, a period, a delay, a timeout, and as a limit', async () => {
    await using warden = await TestWarden.start();
    const trees = {
      deadline: { ready: { ...probe(never), deadlineMillis: long } },
      // One that is not begun in time is not begun again.
      period: { alive: probe(asks, { periodMillis: long, timeoutMillis: 60_000 }) },
      delay: { ready: probe({ by: 'exec', argv: ['/bin/true'] }, { delayMillis: long }) },
      timeout: { ready: probe({ by: 'exec', argv: ['/bin/sleep', '1000'] }, { timeoutMillis: long }) },
      limit: { limits: { timeMillis: long } },
      'stop step': { stop: [{ waitMillis: long }, { signal: 'SIGKILL' as const }] },
    };
    const started = [];
    for (const [name, changes] of Object.entries(trees)) started.push(await warden.startShell('exec sleep 1000', { name, ...changes }));
    const restarted = await warden.startShell('exit 1', {
      name: 'restart',
      restart: { when: 'on-failure', maxRestarts: 5, windowMillis: long, delayMillis: long, maxDelayMillis: long },
    });
    await warden.client.watch(long);
    const path = join(warden.run.workFolder, 'asked');
    const asked = (): number => (existsSync(path) ? readFileSync(path, 'utf8').length : 0);
    // By then, a timer that has overflowed has fired hundreds of times.
    const began = Date.now();
    await eventually('it was asked once, and a moment is over', () => Date.now() - began > 1000 && asked() > 0);
    assert.equal(asked(), 1);
    const states = (await Promise.all(started.map(({ id }) => warden.tree(id)))).map(({ name, state }) => `${name} ${state}`);
    assert.deepEqual(states, ['deadline starting', 'period ready', 'delay starting', 'timeout starting', 'limit ready', 'stop step ready']);
    const nextStartAt = await eventually('it waits', async () => (await warden.tree(restarted.id)).nextStartAt);
    assert.ok(nextStartAt - Date.now() > long / 3);
  });
});
