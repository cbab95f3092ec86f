/**
 * What 10, 100 and 1,000 processes on other machines cost this one: its warden, what a view of them receives, and the gateway with their servers. The nodes are none:
 * one program says of each process what its connector would (see support/fakeNodes.ts). What a real connector takes is measured of ten, over a sshd of this machine.
 *   npm run bench:nodes [-- --nodes 10,100,1000 --servers 10,100,1000 --seconds N --real N]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { coreVersion, hello, spokenVersions } from '../../src/protocol/handshake.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { ModelRequest } from '../../src/protocol/models.ts';
import type { ReadyProbe } from '../../src/protocol/policies.ts';
import { watch } from '../../src/protocol/watching.ts';
import { socketPath } from '../../src/records/records.ts';
import type { LoopDelays } from '../fixtures/measuredWarden.ts';
import { FakeConnector, writeNodeProgram } from '../support/fakeNodes.ts';
import { fakeModel } from '../support/models.ts';
import { cli, eventually, exitOf } from '../support/run.ts';
import { SshServer, whyNoSshServer } from '../support/sshServer.ts';
import { survivorsOf } from '../support/survivors.ts';
import { printTable } from '../support/table.ts';
import { TestWarden } from '../support/warden.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10,100,1000' },
    servers: { type: 'string', default: '10,100,1000' },
    seconds: { type: 'string', default: '10' },
    real: { type: 'string', default: '10' },
  },
});
const [counts, servers] = [values.nodes, values.servers].map((written) => written.split(',').filter(Boolean).map(Number));
const seconds = Number(values.seconds);
const script = fileURLToPath(new URL('../fixtures/measuredWarden.ts', import.meta.url));
const manyServers = fileURLToPath(new URL('../fixtures/models/manyServers.cjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tw-nodes-'));
const nodeProgram = writeNodeProgram(folder);
/** Servers of one model. */
const perModel = 50;
const psLooks = 3;

/** Fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms. */
function cpuMillis(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[14 - 3]) + Number(fields[15 - 3])) * 10;
}

/** Resident and private memory in megabytes, smaps_rollup of proc(5). */
function memoryOf(pid: number): { readonly rss: number; readonly own: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const sum = (pattern: RegExp): number =>
    [...text.matchAll(pattern)].reduce((total, [, kilobytes]) => total + Number(kilobytes) / 1024, 0);
  return { rss: sum(/^Rss:\s+(\d+)/gm), own: sum(/^Private_\w+:\s+(\d+)/gm) };
}

const whole = (figure: number): string => Math.round(figure).toLocaleString('en');
const since = (begun: number): string => `${((performance.now() - begun) / 1000).toFixed(2)} s`;

/** How late the warden's event loop was since this was asked last. */
async function loopDelays({ run, process: { pid } }: TestWarden): Promise<LoopDelays> {
  const file = join(run.folder, 'state', 'delays');
  const lines = (): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);
  const before = lines().length;
  process.kill(pid, 'SIGUSR2');
  return JSON.parse(await eventually('it has written its figures', () => lines()[before], 60_000)) as LoopDelays;
}

const delayCells = ({ median, p99, max }: LoopDelays): string => [median, p99, max].map((millis) => millis.toFixed(1)).join(' / ');

/** A view: it asks for figures each second, and takes what comes. */
async function openView(warden: TestWarden): Promise<{ readonly bytes: () => number; close(): void }> {
  const socket = connect(socketPath(warden.client.welcome.folder));
  const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket));
  connection.onUnhandledNotification(() => undefined);
  connection.listen();
  await connection.sendRequest(hello, { protocol: coreVersion, versions: spokenVersions, version: '0', client: 'bench' });
  await connection.sendRequest(watch, { intervalMillis: 1000 });
  return {
    bytes: () => socket.bytesRead,
    close: () => {
      connection.dispose();
      socket.destroy();
    },
  };
}

/** Median time until `tree-warden ps` has answered. */
async function psTime(warden: TestWarden): Promise<string> {
  const times: number[] = [];
  for (let look = 0; look < psLooks; look++) {
    const begun = performance.now();
    const child = spawn(process.execPath, [cli, 'ps', '--json'], {
      cwd: warden.run.workFolder,
      env: warden.run.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.resume();
    await exitOf(child);
    times.push(performance.now() - begun);
  }
  return `${((times.sort((one, other) => one - other)[1] ?? Number.NaN) / 1000).toFixed(2)} s`;
}

/** A warden whose connectors are fake. */
async function startWarden(): Promise<TestWarden> {
  return await TestWarden.start({ TEST_NODE_PROGRAM: nodeProgram }, undefined, { maxTrees: 2000 }, { script });
}

/** Stands for whatever connector the warden starts, as soon as its tree is there. */
class Connectors implements Disposable {
  readonly #all = new Map<TreeId, FakeConnector>();
  reports = 0;

  async place(warden: TestWarden, tree: TreeId): Promise<readonly string[]> {
    const connector = new FakeConnector(socketPath(warden.client.welcome.folder), tree, this.#all.size, () => void this.reports++);
    this.#all.set(tree, connector);
    const { request } = await connector.place();
    return request.argv;
  }

  begin(): void {
    for (const connector of this.#all.values()) connector.begin();
  }

  end(): void {
    for (const connector of this.#all.values()) connector.end();
  }

  has(tree: TreeId): boolean {
    return this.#all.has(tree);
  }

  [Symbol.dispose](): void {
    for (const connector of this.#all.values()) connector[Symbol.dispose]();
  }
}

const runnerOf = (warden: TestWarden) => ({ type: 'ssh', host: 'nowhere', leaseMillis: 30_000, workspace: warden.run.workFolder }) as const;

/** Of processes. */
async function measureWarden(count: number): Promise<string[]> {
  await using warden = await startWarden();
  using connectors = new Connectors();
  const {
    client,
    process: { pid },
  } = warden;
  const empty = memoryOf(pid);
  const view = await openView(warden);
  await loopDelays(warden);
  const begun = performance.now();
  const cpuBefore = cpuMillis(pid);
  await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { id } = await client.start({ ...warden.request(['python3', 'work.py']), name: `work${index}`, runner: runnerOf(warden) });
      await connectors.place(warden, id);
    }),
  );
  const isReady = async (): Promise<boolean> => (await client.list()).filter(({ state }) => state === 'ready').length === count;
  await eventually('all run', isReady, 300_000);
  const started = `${since(begun)}, ${((cpuMillis(pid) - cpuBefore) / 1000).toFixed(2)} s of CPU`;
  console.error(`${count} nodes: started in ${started}`);
  const startDelays = delayCells(await loopDelays(warden));
  connectors.begin();
  await sleep(3000);
  await loopDelays(warden);
  const [bytes, reports, cpu] = [view.bytes(), connectors.reports, cpuMillis(pid)];
  await sleep(seconds * 1000);
  const [perSecond, told, share] = [view.bytes() - bytes, connectors.reports - reports, cpuMillis(pid) - cpu].map(
    (figure) => figure / seconds,
  );
  const delays = delayCells(await loopDelays(warden));
  const { rss, own } = memoryOf(pid);
  console.error(`${count} nodes: ${told} reports/s, ${share} ms of CPU/s, delays ${delays}, ${rss} MB`);
  const ps = await psTime(warden);
  await loopDelays(warden);
  connectors.end();
  const stopping = performance.now();
  const cpuStopping = cpuMillis(pid);
  await Promise.all((await client.list()).map(({ id }) => client.stop({ tree: id, now: false, reason: 'the bench is over' })));
  const stopped = `${since(stopping)}, ${((cpuMillis(pid) - cpuStopping) / 1000).toFixed(2)} s of CPU`;
  const stopDelays = delayCells(await loopDelays(warden));
  view.close();
  return [
    whole(count),
    started,
    startDelays,
    whole(told ?? 0),
    `${((share ?? 0) / 10).toFixed(1)} %`,
    delays,
    `${whole(rss)} / ${whole(own)} MB (${whole(empty.rss)} / ${whole(empty.own)})`,
    whole(perSecond ?? 0),
    ps,
    stopped,
    stopDelays,
  ];
}

/** Asked for its health as rarely as a model is by default. */
function modelOf(warden: TestWarden, index: number, instances: number): ModelRequest {
  const model = fakeModel(warden, [], { name: `model${index}`, instances, maxConcurrent: 64 });
  const { periodMillis: _, deadlineMillis: __, ...ready } = model.start.ready ?? {};
  return { ...model, start: { ...model.start, ready: ready as ReadyProbe, runner: runnerOf(warden) } };
}

/** Of model servers. */
async function measureGateway(count: number): Promise<string[]> {
  await using warden = await startWarden();
  using connectors = new Connectors();
  const servers = spawn(process.execPath, [manyServers], { stdio: ['pipe', 'ignore', 'inherit'] });
  const models = Array.from({ length: Math.ceil(count / perModel) }, (_, index) => modelOf(warden, index, Math.min(count, perModel)));
  const gateway = await warden.client.declareModels(models, { port: 0 });
  const { gatewayPid } = await warden.client.inspect();
  if (gatewayPid === null) throw new Error('there is no gateway process');
  const before = memoryOf(gatewayPid);
  await warden.client.watch(0);
  warden.client.onTrees((trees) => {
    for (const { id, remote, endedAt } of trees)
      if (endedAt === undefined && remote === undefined && !connectors.has(id))
        void connectors.place(warden, id).then((argv) => servers.stdin.write(`${argv[argv.indexOf('--port') + 1]}\n`));
  });
  const begun = performance.now();
  await Promise.all(models.map(({ name }) => warden.client.loadModel(name)));
  const loaded = since(begun);
  const [{ instances: [first] = [] } = { instances: [] }] = await warden.client.models();
  connectors.begin();
  const view = await openView(warden);
  await sleep(2000);
  const fire = (url: string, connections: number, duration = seconds): Promise<autocannon.Result> =>
    autocannon({
      url: `${url}/v1/embeddings`,
      method: 'POST',
      connections,
      duration,
      headers: { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' },
      requests: models.map(({ name }) => ({ body: JSON.stringify({ model: name, input: 'hello' }) })),
    });
  const direct = `http://127.0.0.1:${first?.port}`;
  for (const url of [direct, gateway.url]) await fire(url, 4, 2);
  const idle = [cpuMillis(warden.process.pid), view.bytes()];
  await sleep(5000);
  const idleBytes = (view.bytes() - (idle[1] ?? 0)) / 5;
  const plain = await fire(direct, 1);
  await loopDelays(warden);
  const [bytes, cpu, gatewayCpu] = [view.bytes(), cpuMillis(warden.process.pid), cpuMillis(gatewayPid)];
  const proxied = await fire(gateway.url, 1);
  const [perSecond, share, gatewayShare] = [
    view.bytes() - bytes,
    cpuMillis(warden.process.pid) - cpu,
    cpuMillis(gatewayPid) - gatewayCpu,
  ].map((figure) => figure / seconds);
  const delays = delayCells(await loopDelays(warden));
  const { rss, own } = memoryOf(gatewayPid);
  const added = 1000 / proxied.requests.mean - 1000 / plain.requests.mean;
  view.close();
  servers.kill();
  await once(servers, 'close');
  const failed = proxied.non2xx + proxied.errors;
  return [
    whole(count),
    loaded,
    whole(proxied.requests.mean),
    `${added.toFixed(2)} ms`,
    String(failed),
    `${((gatewayShare ?? 0) / 10).toFixed(0)} %`,
    `${((share ?? 0) / 10).toFixed(1)} %`,
    delays,
    `${whole(idleBytes)} / ${whole(perSecond ?? 0)}`,
    `${whole(rss)} / ${whole(own)} MB (${whole(before.rss)} / ${whole(before.own)})`,
  ];
}

/** Of real connectors, one each. */
async function measureConnectors(count: number): Promise<string[]> {
  await using server = await SshServer.start();
  await using warden = await TestWarden.start();
  const { run, client } = warden;
  const extra = server.options({ folder: join(run.folder, 'node') });
  const runner = { ...runnerOf(warden), host: '127.0.0.1', extra };
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: count }, (_, index) => client.start({ ...warden.request(['sleep', '700']), name: `work${index}`, runner })),
  );
  const isReady = async (): Promise<boolean> => (await client.list()).filter(({ state }) => state === 'ready').length === count;
  await eventually('all run', isReady, 120_000);
  const started = since(begun);
  await sleep(3000);
  const pids = (pattern: RegExp): number[] => survivorsOf(run.folder).flatMap(({ pid, command }) => (pattern.test(command) ? pid : []));
  const parts = { connector: pids(/remote\.js connect/), ssh: pids(/^ssh /), 'warden on the node': pids(/warden\.js serve .*--lease/) };
  const cpu = Object.values(parts).map((all) => all.reduce((sum, pid) => sum + cpuMillis(pid), 0));
  await sleep(seconds * 1000);
  const cells = Object.values(parts).map((all, index) => {
    const millis = (all.reduce((sum, pid) => sum + cpuMillis(pid), 0) - (cpu[index] ?? 0)) / seconds / all.length;
    const own = all.reduce((sum, pid) => sum + memoryOf(pid).own, 0) / all.length;
    return `${own.toFixed(1)} MB, ${millis.toFixed(1)} ms of CPU/s`;
  });
  const stopping = performance.now();
  await Promise.all((await client.list()).map(({ id }) => client.stop({ tree: id, now: false, reason: 'the bench is over' })));
  return [String(count), started, ...cells, since(stopping)];
}

const told = (row: string[]): string[] => {
  console.error(row.join(' | '));
  return row;
};

const wardens: string[][] = [];
for (const count of counts ?? []) wardens.push(told(await measureWarden(count)));
const gateways: string[][] = [];
for (const count of servers ?? []) gateways.push(told(await measureGateway(count)));
printTable(
  'The warden of this machine, with processes on fake nodes; event loop delays are median / p99 / max in ms',
  [
    'nodes',
    'all started',
    'delays',
    'reports/s',
    'CPU',
    'delays',
    'RSS / private (before)',
    'bytes/s to a view',
    '`ps`',
    'all stopped',
    'delays',
  ],
  wardens,
);
printTable(
  'The gateway, with servers on fake nodes',
  [
    'nodes',
    'all loaded',
    'requests/s, 1 connection',
    'added',
    'failed',
    'gateway CPU',
    'warden CPU',
    'its delays, ms',
    'bytes/s to a view: idle / asked',
    'RSS / private (before)',
  ],
  gateways,
);
if (Number(values.real) > 0 && whyNoSshServer() === undefined)
  printTable(
    'Real connectors over ssh, each',
    ['of', 'all started', 'connector', 'ssh', 'warden on the node', 'all stopped'],
    [told(await measureConnectors(Number(values.real)))],
  );
rmSync(folder, { recursive: true, force: true });
