/**
 * What the gateway adds: the same requests to a server, through the gateway to it, and through a proxy that does the least that one in Node can do,
 * in one run. autocannon sends them, and where it is in the PATH wrk, which is cheap enough to share the server's processor.
 *   node test/bench/gateway.ts [SECONDS]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { engineFolder, ensureEngine } from '../../src/build/engine.ts';
import type { ModelRequest } from '../../src/protocol/models.ts';
import type { ReadyProbe } from '../../src/protocol/policies.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { writeTinyModel } from '../support/gguf.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { isInPath } from '../support/run.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const seconds = Number(process.argv[2] ?? 10);
const streams = 1000;
const bareProxy = fileURLToPath(new URL('../fixtures/models/bareProxy.cjs', import.meta.url));
const engineServer = fileURLToPath(new URL('../fixtures/engine/server.mjs', import.meta.url));
const bodyBytes = 200 * 2 ** 20;

const owner = await TestWarden.start();
const tiny = join(owner.run.workFolder, 'tiny.gguf');
writeTinyModel(tiny);
ensureEngine();
const engine = ['--engine', engineFolder, '--model', tiny, '--port', '${port}', '--name', 'tiny'];
/** Asked for its health as rarely as a model is by default. */
function served(name: string, argv?: StartRequest['argv']): ModelRequest {
  const model = fakeModel(owner, [], { name, maxConcurrent: 5000 });
  const { periodMillis: _, ...ready } = model.start.ready ?? {};
  return { ...model, start: { ...model.start, ready: ready as ReadyProbe, ...(argv && { argv }) } };
}
await using models = await TestModels.of(owner, [served('one'), served('tiny', [process.execPath, engineServer, ...engine])]);
async function serverOf(name: string): Promise<string> {
  await owner.client.loadModel(name);
  return `http://127.0.0.1:${(await models.model(name)).instances[0]?.port}`;
}
const direct = await serverOf('one');
const [, port = ''] = direct.match(/:(\d+)$/) ?? [];
const { gatewayPid } = await owner.client.inspect();
if (gatewayPid === null) throw new Error('there is no gateway process');
const bare = spawn(process.execPath, [bareProxy, port], { stdio: ['pipe', 'pipe', 'inherit'] });
const [barePort] = (await once(createInterface({ input: bare.stdout }), 'line')) as [string];
/** Gateway and proxy have one processor, the servers the others; the client is where there is room. */
const pin = (pid: number | undefined, processors: string): void =>
  void execFileSync('taskset', ['-acp', processors, String(pid)], { stdio: 'ignore' });
const others = availableParallelism() > 1 ? `1-${availableParallelism() - 1}` : '0';
for (const pid of [gatewayPid, bare.pid]) pin(pid, '0');
const serverPid = (await owner.client.list())[0]?.leader?.pid;
pin(serverPid, others);

function fire(url: string, connections: number, model = 'one'): Promise<autocannon.Result> {
  return autocannon({
    url: `${url}/v1/embeddings`,
    method: 'POST',
    connections,
    duration: seconds,
    headers: { authorization: `Bearer ${models.gateway.token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, input: 'hello' }),
  });
}

/** Requests a second, as wrk counts them. */
async function wrkOf(url: string): Promise<number> {
  const script = join(owner.run.workFolder, 'post.lua');
  writeFileSync(
    script,
    `wrk.method = "POST"; wrk.body = '{"model":"one","input":"hello"}'; wrk.headers["Content-Type"] = "application/json"`,
  );
  const authorization = `Authorization: Bearer ${models.gateway.token}`;
  const args = ['-c', others, 'wrk', '-t1', '-c32', `-d${seconds}s`, '-s', script, '-H', authorization, `${url}/v1/embeddings`];
  const wrk = spawn('taskset', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return Number((await text(wrk.stdout)).match(/Requests\/sec:\s+([\d.]+)/)?.[1]);
}

/** Microseconds of processor time that a process has used, its threads included. */
function processorMicros(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** Resident bytes of the gateway, now or at most ever (`VmRSS`, `VmHWM`). */
function memory(which: string): number {
  const [, kilobytes = '0'] = readFileSync(`/proc/${gatewayPid}/status`, 'utf8').match(new RegExp(`${which}:\\s+(\\d+)`)) ?? [];
  return Number(kilobytes) * 1024;
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MB`;

// Both warm.
await fire(direct, 4);
await fire(models.gateway.url, 4);
const before = memory('VmRSS');
const rows: string[][] = [];
const perSecond = new Map<string, number>();
const cost = new Map<string, number>();
for (const connections of [1, 32]) {
  for (const [what, url, pid] of [
    ['direct', direct, serverPid],
    ['bare proxy', `http://127.0.0.1:${barePort}`, bare.pid],
    ['gateway', models.gateway.url, gatewayPid],
  ] as const) {
    const before = processorMicros(pid);
    const { requests, latency, non2xx, errors } = await fire(url, connections);
    const micros = (processorMicros(pid) - before) / requests.total;
    perSecond.set(`${what} ${connections}`, requests.mean);
    cost.set(`${what} ${connections}`, micros);
    const mean = (1000 * connections) / requests.mean;
    const cells = [requests.mean.toFixed(0), mean.toFixed(3), latency.p99, micros.toFixed(0), non2xx + errors];
    rows.push([String(connections), what, ...cells.map(String)]);
  }
}
const rate = (what: string, connections: number): number => perSecond.get(`${what} ${connections}`) ?? Number.NaN;
printTable(
  `small requests, ${seconds} s each`,
  ['connections', 'to', 'requests/s', 'mean ms', 'p99 ms', 'its µs of processor', 'failed'],
  rows,
);

const byWrk = isInPath('wrk') ? [await wrkOf(direct), await wrkOf(models.gateway.url)] : [];

// A thousand streams at once, each of twenty tokens over two seconds.
const began = performance.now();
const answers = await Promise.all(Array.from({ length: streams }, () => models.chat('one', 'say 20 slow 100', { stream: true })));
const whole = answers.filter(({ status, text }) => status === 200 && text.includes('one-19 ') && text.includes('[DONE]')).length;
const afterStreams = memory('VmRSS');
const took = (performance.now() - began) / 1000;

// Long, and taken slowly: what is not taken must not be kept.
const response = await models.ask('/v1/chat/completions', { model: 'one', messages: [{ role: 'user', content: `bytes ${bodyBytes}` }] });
let taken = 0;
let highest = 0;
for await (const chunk of response.body ?? []) {
  taken += (chunk as Uint8Array).length;
  if (taken % (10 * 2 ** 20) < 70_000) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    highest = Math.max(highest, memory('VmRSS'));
  }
}
printTable(
  'held',
  ['', ''],
  [
    [`${streams} streams at once, whole ones`, `${whole} in ${took.toFixed(1)} s`],
    ['memory of the gateway before, after small requests and streams', `${megabytes(before)}, ${megabytes(afterStreams)}`],
    [`at most while ${megabytes(taken)} pass`, megabytes(highest)],
  ],
);
bare.kill();
await models.warden.client.unloadModel('one');
const real = await serverOf('tiny');
for (const { leader, endedAt } of await owner.client.list()) if (endedAt === undefined) pin(leader?.pid, others);
const embeddings = [await fire(real, 8, 'tiny'), await fire(models.gateway.url, 8, 'tiny')].map(({ requests }) => requests.mean);
const [plain = 0, proxied = 0] = embeddings;
console.log(
  `a real engine, on a model of half a megabyte: ${plain.toFixed(0)} embeddings a second direct, ${proxied.toFixed(0)} through the gateway (${(proxied / plain).toFixed(2)})`,
);
const [wrkDirect, wrkGateway] = byWrk;
if (wrkDirect && wrkGateway)
  console.log(
    `by wrk: ${wrkDirect.toFixed(0)} a second direct, ${wrkGateway.toFixed(0)} through the gateway (${(wrkGateway / wrkDirect).toFixed(2)})`,
  );
console.log(`added: ${(1000 / rate('gateway', 1) - 1000 / rate('direct', 1)).toFixed(2)} ms a request`);
/** What the gateway does beside another one: requests a second, or what a request costs, in the same measure as a throughput. */
const beside = (other: string): string => (rate('gateway', 32) / rate(other, 32)).toFixed(2);
const costBeside = (other: string): string => ((cost.get(`${other} 32`) ?? Number.NaN) / (cost.get('gateway 32') ?? Number.NaN)).toFixed(2);
console.log(`throughput: ${beside('direct')} of direct, ${beside('bare proxy')} of the bare proxy`);
console.log(`by processor time: ${costBeside('direct')} of direct, ${costBeside('bare proxy')} of the bare proxy`);
