/** What other tools are told: metrics, the history on disk, the summary of `ps`. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { findPortHolders } from '../../src/client/wardenCommands.ts';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { parseStop } from '../../src/protocol/stopSteps.ts';
import { wholeLines } from '../support/declared.ts';
import { fakeModel, TestModels } from '../support/models.ts';
import { cli, eventually, wardenScript } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

/** Values by name and labels, as Prometheus' text format has them; throws where a line is none of it. */
function parseMetrics(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n').filter(Boolean)) {
    if (/^# (HELP|TYPE) tree_warden_\w+ \S/.test(line)) continue;
    const [, name, value] = line.match(/^(tree_warden_\w+(?:\{(?:\w+="[^"]*",?)*\})?) (\S+)$/) ?? [];
    assert.ok(name !== undefined && Number.isFinite(Number(value)), line);
    values.set(name.replace(/,?tree="[^"]*"/, ''), Number(value));
  }
  return values;
}

/** What the kernel has counted, to the nanosecond: the first figure of /proc/PID/schedstat. */
function cpuSecondsOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ')[0]) / 1e9;
}

/** Seconds that can be missing of two processes: where no cgroup counts them, their user and their system time are each cut to hundredths (proc_pid_stat(5)). */
const cutOff = 4 * 0.01;
/** Seconds that a spawn itself takes: the warden is in the cgroup meanwhile, and counts there. Some 13 ms on a machine that is busy. */
const ofSpawn = 0.05;

/** By a client that names the host as it likes, which fetch() does not. */
async function answerTo(url: string, headers: Record<string, string>): Promise<[number | undefined, string]> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => get(url, { headers }, resolve).on('error', reject));
  return [response.statusCode, await text(response)];
}

/** The first answer: the process that serves them listens a moment after its warden is there. */
async function served(port: number): Promise<Response> {
  return await eventually('metrics are served', () => fetch(`http://127.0.0.1:${port}/metrics`).catch(() => undefined));
}

describe('metrics', () => {
  it('count what models answer', async () => {
    const port = await new NamedPorts().portFor('metrics');
    const warden = await TestWarden.start({}, undefined, {}, { metricsPort: port });
    await using models = await TestModels.of(warden, [fakeModel(warden, [], { name: 'one', metricsPath: '/metrics' })]);
    await models.chat('one', 'say 3');
    await models.chat('one', 'error 500');
    const own = 'fake_busy{model="one",server="one"} 0\n';
    // A server has a second to answer in; of one that has not, the next scrape tells.
    const scraped = await eventually('what its server tells of itself comes last', async () => {
      const text = await (await served(port)).text();
      return text.endsWith(own) && text;
    });
    const values = parseMetrics(scraped.slice(0, -own.length));
    const of = (name: string, more = ''): number | undefined => values.get(`tree_warden_model_${name}{model="one"${more}}`);
    assert.deepEqual(
      [of('servers'), of('requests_total'), of('request_failures_total'), of('outstanding_requests'), of('queued_requests')],
      [1, 2, 1, 0, 0],
    );
    assert.deepEqual([of('tokens_total', ',direction="in"'), of('tokens_total', ',direction="out"')], [7, 3]);
    assert.ok((of('queue_seconds') ?? 0) > 0 && (of('first_token_seconds') ?? 0) > 0);
    const ofServer = (name: string, more = ''): number | undefined =>
      values.get(`tree_warden_model_server_${name}{model="one",server="one"${more}}`);
    assert.deepEqual(
      [ofServer('requests_total'), ofServer('request_failures_total'), ofServer('tokens_total', ',direction="out"')],
      [2, 1, 3],
    );
  });

  it('count what happens, and say what is used', async () => {
    const port = await new NamedPorts().portFor('metrics');
    await using warden = await TestWarden.start({}, undefined, {}, { metricsPort: port });
    const scrape = async (): Promise<Map<string, number>> => parseMetrics(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text());
    const deaf = await warden.startShell('trap "" TERM; echo up; while :; do :; done', {
      name: 'deaf',
      stop: parseStop(['SIGTERM', '200ms']),
    });
    await warden.output(deaf.id, (text) => text.includes('up'));
    await assert.rejects(warden.client.start(warden.request(['/no/such/program'], { name: 'missing' })));
    const limited = await warden.startShell('sleep 60', { name: 'limited', limits: { timeMillis: 300 }, onLimit: 'kill' });
    await warden.ended(limited.id);
    await served(port);
    const before = await scrape();
    assert.equal(before.get('tree_warden_trees{state="ready"}'), 1);
    assert.equal(before.get('tree_warden_tree_processes{spec="deaf"}'), 1);
    assert.ok((before.get('tree_warden_tree_memory_bytes{spec="deaf"}') ?? 0) > 500_000);
    assert.ok(Math.abs((before.get('tree_warden_tree_start_time_seconds{spec="deaf"}') ?? 0) - Date.now() / 1000) < 60);
    await warden.stop(deaf.id);
    const again = await warden.startShell('exit 3', { name: 'deaf' });
    await warden.ended(again.id);
    const after = await scrape();
    const expected = {
      'tree_warden_trees_spawned_total{spec="deaf"}': 2,
      'tree_warden_trees_restarted_total{spec="deaf"}': 1,
      'tree_warden_tree_start_failures_total{spec="missing"}': 1,
      'tree_warden_trees_ended_total{spec="deaf",cause="killed"}': 1,
      'tree_warden_trees_ended_total{spec="deaf",cause="failed"}': 1,
      'tree_warden_limits_reached_total{spec="limited",limit="time"}': 1,
      'tree_warden_escalation_steps_total{spec="deaf",signal="SIGTERM"}': 1,
      'tree_warden_escalation_steps_total{spec="deaf",signal="SIGKILL"}': 1,
      tree_warden_cleanup_failures_total: 0,
    };
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, after.get(name)])), expected);
    const elsewhere = await fetch(`http://127.0.0.1:${port}/`);
    // Without a token, no connection outlives its answer.
    assert.deepEqual([elsewhere.status, elsewhere.headers.get('connection')], [404, 'close']);
  });

  it('have CPU as the kernel counted it', async () => {
    const port = await new NamedPorts().portFor('metrics');
    await using warden = await TestWarden.start({}, undefined, {}, { metricsPort: port });
    const { leader } = await warden.startShell('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 60', { name: 'worked' });
    const children = (): number[] =>
      readFileSync(`/proc/${leader?.pid}/task/${leader?.pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number);
    await eventually('it sleeps', () => children().length === 1);
    await served(port);
    const scraped = async (): Promise<number> => {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return parseMetrics(text).get('tree_warden_tree_cpu_seconds_total{spec="worked"}') ?? 0;
    };
    let last = 'nothing was told';
    // By the next look at the latest, however busy the machine is; a figure that is wrong stays so.
    await eventually('what is told is what was counted', async () => {
      const told = await scraped();
      const counted = [leader?.pid ?? 0, ...children()].reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
      last = `${told} s told, ${counted} s counted`;
      return told >= counted - cutOff && told <= counted + ofSpawn;
    }).catch((cause: unknown) => assert.fail(`${last}: ${String(cause)}`));
  });

  it('are refused to a page that was lured here by a name of its own', async () => {
    const port = await new NamedPorts().portFor('metrics');
    await using warden = await TestWarden.start({}, undefined, {}, { metricsPort: port });
    const answer = await served(port);
    assert.deepEqual([answer.status, /tree_warden_trees/.test(await answer.text())], [200, true], warden.alerts.join());
    for (const host of ['a.example', `a.example:${port}`, 'localhost.a.example', '127.0.0.1.a.example', '169.254.0.1'])
      assert.deepEqual(await answerTo(`http://127.0.0.1:${port}/metrics`, { host }), [
        403,
        `'${host.replace(/:\d+$/, '')}' is not a name of this machine’s loopback interface.\n`,
      ]);
    for (const host of ['localhost', `LOCALHOST:${port}`, `[::1]:${port}`])
      assert.equal((await answerTo(`http://127.0.0.1:${port}/metrics`, { host }))[0], 200, host);
  });

  it('are served by a process of their own, which is replaced when it has ended', async () => {
    const port = await new NamedPorts().portFor('metrics');
    await using warden = await TestWarden.start({}, undefined, {}, { metricsPort: port });
    const server = async (): Promise<number | undefined> => {
      const [holder] = await findPortHolders(wardenScript, port);
      return holder?.pid;
    };
    const first = await eventually('it listens', server);
    assert.notEqual(first, warden.process.pid);
    assert.deepEqual(await warden.client.selfCheck(), [], 'it is no stray');
    process.kill(first, 'SIGKILL');
    const second = await eventually('another one listens', async () => {
      const pid = await server();
      return pid !== first && pid;
    });
    assert.equal((await served(port)).status, 200);
    process.kill(warden.process.pid, 'SIGKILL');
    await eventually('it ends with its warden', () => !isAlive(second));
  });

  it('say where they could not be served', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await using warden = await TestWarden.start({}, undefined, {}, { metricsPort: port });
    await eventually('it is said', () =>
      warden.alerts.some((message) => message.startsWith(`Metrics are not served at port ${port} of 127.0.0.1:`)),
    );
    taken.close();
  });
});

describe('what is kept on disk', () => {
  it('are means over twenty seconds, where one wants them', async () => {
    await using warden = await TestWarden.start({}, undefined, {}, { keepHistory: true });
    const { id } = await warden.startShell('sleep 60 & echo up; wait', { name: 'kept' });
    // Both processes are there at the first look.
    await warden.output(id, (text) => text.includes('up'));
    await warden.client.watch(1000);
    const path = join(warden.run.folder, 'state', 'tree-warden', 'logs', 'history.jsonl');
    const line = await eventually(
      'a mean is written',
      () => (existsSync(path) && wholeLines(readFileSync(path, 'utf8'))[0]) || undefined,
      60_000,
    );
    const { time, spec, processes, memoryBytes, ...others } = JSON.parse(line) as Record<string, unknown>;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual([spec, processes], ['kept', 2]);
    assert.ok(Number(memoryBytes) > 500_000);
    assert.deepEqual(Object.keys(others).sort(), ['cpuPercent', 'gpuMemoryBytes', 'gpuPercent', 'readRate', 'tree', 'writeRate']);
  });
});

describe('tree-warden ps --json', () => {
  it('loses nothing of a long list, however slowly it is read', async () => {
    await using warden = await TestWarden.start();
    const thousand = fileURLToPath(new URL('../fixtures/adversaries/thousand.pl', import.meta.url));
    const { id } = await warden.client.start(warden.request(['perl', thousand], { name: 'thousand' }));
    await eventually('all are there', async () => (await warden.tree(id)).members.length === 1000);
    const ps = spawn(process.execPath, [cli, 'ps', '--json'], { env: warden.run.env, stdio: ['ignore', 'pipe', 'inherit'] });
    // By then it has written what the pipe takes.
    await sleep(2000);
    const [listed] = JSON.parse(await text(ps.stdout)) as { members: unknown[] }[];
    assert.equal(listed?.members.length, 1000);
  });
});

describe('tree-warden ps --summary', () => {
  it('says how many there are, and what they use', async () => {
    await using warden = await TestWarden.start();
    await warden.startShell('sleep 60', { name: 'one' });
    const failed = await warden.startShell('exit 1', { name: 'two' });
    await warden.ended(failed.id);
    const ps = (...options: string[]): string =>
      execFileSync(process.execPath, [cli, 'ps', '--summary', ...options], { env: warden.run.env, encoding: 'utf8' });
    const summary = JSON.parse(ps('--json')) as Record<string, number>;
    const { total, running, failed: failures, zombies, processes = 0, memoryBytes = 0 } = summary;
    assert.deepEqual([total, running, failures, zombies], [2, 1, 1, 0]);
    assert.ok(processes >= 1 && memoryBytes > 500_000);
    assert.match(ps(), /^1 of 2 trees running, 0 succeeded, 1 failed; \d processes, 0 zombies; [\d.]+ %, [\d.]+ MB\n$/);
  });
});
