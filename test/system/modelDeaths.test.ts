/** A pool of three servers with workers of their own, while they answer, in each of the ways in which it all can end: no process is left. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { modelSchema } from '../../src/config/modelSchema.ts';
import { resolveModel } from '../../src/config/resolveModel.ts';
import { newToken } from '../../src/loopback/token.ts';
import { type Death, deaths, openWindow, timeLimits } from '../support/deaths.ts';
import { eventually, Run } from '../support/run.ts';
import { isAlive, survivorsAfterLooking, survivorsOf } from '../support/survivors.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));
const token = newToken();
const servers = 3;
const workers = 2;

function poolOf(run: Run, timeLimit: number): object {
  const command = [
    process.execPath,
    server,
    '--port',
    '${port}',
    '--name',
    '${name}',
    '--workers',
    String(workers),
    '--log',
    join(run.workFolder, 'log'),
  ];
  const limits = timeLimit > 0 ? { limits: { time: `${timeLimit}ms` } } : {};
  return { runtime: 'custom', command, instances: servers, maxConcurrent: 1, stop: ['SIGTERM', '500ms'], ...limits };
}

/** A window, or `tree-warden gateway`, which serves the pool. */
async function serve(run: Run, { owner }: Death, timeLimit: number): Promise<number> {
  const pool = poolOf(run, timeLimit);
  if (owner === 'window') {
    const context = { workspaceFolder: run.workFolder, env: run.env, portFor: () => Promise.resolve(0) };
    const request = await resolveModel('pool', modelSchema.parse(pool), context);
    return openWindow(run, { models: { requests: [request], gateway: { port: 0, token } } }).pid;
  }
  mkdirSync(join(run.workFolder, '.vscode'));
  writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ models: { pool } }));
  return run.start(['gateway']).pid;
}

interface Served {
  readonly url: string;
  readonly outstanding: number;
}

/** Undefined where it is not served yet. */
function pool(run: Run): Served | undefined {
  const { stdout } = run.call(['models', '--json']);
  return (JSON.parse(stdout || '[]') as Served[]).find(({ url }) => url !== undefined);
}

/** What a client gets, to its end: what is said in the stream, or how the connection has broken. */
async function stream(url: string): Promise<string> {
  const body = { model: 'pool', stream: true, messages: [{ role: 'user', content: 'say 100000 slow 20' }] };
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  try {
    return await (await fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  } catch (error) {
    return `broken: ${String((error as Error).cause ?? error)}`;
  }
}

describe('a pool that is answering, at the', () => {
  for (const death of deaths)
    it(death.name, async () => {
      for (const timeLimit of death.timed ? timeLimits : [0]) if (await die(death, timeLimit)) return;
      assert.fail('it was not up in time');
    });
});

/** A warden that ends in order has the time to say so; of one that is killed, the connection breaks, if a server has not said its last before. */
function whatClientsGet({ timed, killsWarden }: Death): RegExp {
  if (killsWarden) return /^broken: |"error":\{"message":"/;
  return timed
    ? /"message":"The server of 'pool' was ended \(its time limit of [\d.]+ s was reached\) before it had answered\."/
    : /"message":"'pool' was unloaded before it had answered\."/;
}

/** False where the time limit was over before all were up. */
async function die(death: Death, timeLimit: number): Promise<boolean> {
  await using run = new Run({ TREE_WARDEN_TOKEN: token });
  const owner = await serve(run, death, timeLimit);
  const { url } = await eventually('it is served', () => pool(run));
  const [warden = assert.fail('there is no warden')] = run.wardenPids();
  const own = new Set([owner, warden]);
  const ended: string[] = [];
  const answers = Array.from({ length: servers }, async () => ended.push(await stream(url)));
  const up = await eventually('all of them answer', () => {
    if (timeLimit > 0 && ended.length > 0) return 'too late';
    return pool(run)?.outstanding === servers && survivorsOf(run.workFolder, own).length >= servers * (1 + workers) ? 'up' : undefined;
  });
  if (up === 'too late') {
    await Promise.all(answers);
    return false;
  }
  await death.strike({ run, timeLimit, owner, warden });
  if (death.nextStart) {
    await eventually('they are dead', () => !isAlive(owner) && !isAlive(warden));
    run.call(['sweep']);
  }
  await eventually('no process is left', async () => (await survivorsAfterLooking(run.workFolder, own)).length === 0);
  await Promise.all(answers);
  for (const answer of ended) assert.match(answer, whatClientsGet(death));
  // Of a time limit on its models it is no owner's end.
  if (!death.timed) await eventually('the owner has ended, too', () => !isAlive(owner));
  return true;
}
