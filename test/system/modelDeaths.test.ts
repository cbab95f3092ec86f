/** A pool of three servers with workers of their own, while they answer, in each of the ways in which it all can end: nobody is left. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { GatewayInfo } from '../../src/protocol/models.ts';
import { deaths } from '../support/deaths.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));

function declare(run: Run): void {
  mkdirSync(join(run.workFolder, '.vscode'));
  const command = [
    process.execPath,
    server,
    '--port',
    '${port}',
    '--name',
    '${name}',
    '--workers',
    '2',
    '--log',
    join(run.workFolder, 'log'),
  ];
  const models = { pool: { runtime: 'custom', command, instances: 3, maxConcurrent: 1, stop: ['SIGTERM', '500ms'] } };
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ models }));
}

/** What a client gets, to its end: what is said in the stream, or how the connection has broken. */
async function stream({ url, token }: GatewayInfo): Promise<string> {
  const body = { model: 'pool', stream: true, messages: [{ role: 'user', content: 'say 100000 slow 20' }] };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  try {
    return await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  } catch (error) {
    return `broken: ${String((error as Error).cause ?? error)}`;
  }
}

describe('a pool that is answering, at the', () => {
  for (const death of deaths.filter(({ owner, timed }) => owner !== 'window' && !timed)) {
    it(death.name, async () => {
      await using run = new Run();
      declare(run);
      const owner = run.start(['gateway', '--json']);
      const [line] = (await new Promise<string[]>((resolve) =>
        createInterface({ input: owner.stdout ?? process.stdin }).once('line', (first) => resolve([first])),
      )) as [string];
      const gateway = JSON.parse(line) as GatewayInfo;
      const answers = Array.from({ length: 3 }, () => stream(gateway));
      await eventually('all three answer', async () => {
        const models = JSON.parse(run.call(['models', '--json']).stdout) as { outstanding: number }[];
        return models[0]?.outstanding === 3;
      });
      // Three servers with two workers each.
      assert.ok(survivorsOf(run.workFolder).length >= 9, JSON.stringify(survivorsOf(run.workFolder)));
      const [warden = 0] = run.wardenPids();
      await death.strike({ run, timeLimit: 0, owner: owner.pid, warden });
      const own = new Set([owner.pid, warden]);
      if (death.nextStart) {
        await eventually('they are dead', () => !isAlive(owner.pid) && !isAlive(warden));
        run.call(['sweep']);
      }
      await eventually('nobody is left', async () => (await survivorsAfterLooking(run.workFolder, own)).length === 0);
      for (const answer of await Promise.all(answers)) {
        if (death.name === 'stop') assert.match(answer, /"message":"'pool' was unloaded before it had answered\."/);
        else assert.match(answer, /^broken: |"error":\{"message":"/);
      }
      await exitOf(owner);
    });
  }
});
