/** What listens where: shown, and ended by its port. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

/** Listens on TCP and UDP, hands its socket on to a worker, and says where. */
const server = `
const net = require('node:net'), dgram = require('node:dgram'), { spawn } = require('node:child_process');
const [, port] = process.argv;
const tcp = net.createServer((socket) => socket.end());
tcp.listen(Number(port), '127.0.0.1', () => {
  spawn('sleep', ['1000'], { stdio: ['ignore', 'ignore', 'ignore', tcp._handle.fd] });
  dgram.createSocket('udp4').bind(Number(port), '127.0.0.1', () => console.log('listening'));
});
`;

const freePort = (): Promise<number> => new NamedPorts().portFor('test');
const argvFor = (port: number): [string, ...string[]] => [process.execPath, '-e', server, String(port)];

describe('ports', () => {
  it('are known of each member, of those that have the socket from another one too', async () => {
    await using warden = await TestWarden.start();
    const port = await freePort();
    const { id } = await warden.client.start(warden.request(argvFor(port)));
    // It listens on TCP first, and on UDP when its child has that socket, too.
    const members = await eventually('both listen, on all that they are to', async () => {
      const { members: found } = await warden.tree(id);
      const counts = found.map(({ ports = [] }) => ports.length).sort();
      return counts.join() === '1,2' ? found : undefined;
    });
    const tcp = { protocol: 'tcp', port, address: '127.0.0.1' };
    const of = (name: string) =>
      members
        .find((member) => member.name === name)
        ?.ports?.map(({ protocol, port: number, address }) => ({ protocol, port: number, address }));
    assert.deepEqual(of('sleep'), [tcp]);
    assert.deepEqual(of('node'), [tcp, { ...tcp, protocol: 'udp' }]);
    assert.match(warden.run.call(['ps']).stdout, new RegExp(`PORTS.*\\n.* :${port} `));
    await warden.stop(id);
    assert.deepEqual((await warden.tree(id)).members, []);
  });

  it('are known in a network of its own', async (test) => {
    await using warden = await TestWarden.start();
    const port = await freePort();
    const unshare = process.getuid?.() === 0 ? ['--net'] : ['--user', '--map-root-user', '--net'];
    const script = `ip link set lo up 2>/dev/null || true; exec "$0" "$@"`;
    const [program, ...args] = argvFor(port);
    const { id } = await warden.client.start(warden.request(['unshare', ...unshare, 'sh', '-c', script, program, ...args]));
    const outcome = await eventually('it listens, or cannot', async () => {
      const tree = await warden.tree(id);
      if (tree.endedAt !== undefined) return 'ended';
      return tree.members.some(({ ports = [] }) => ports.some((one) => one.port === port)) ? 'listens' : undefined;
    });
    if (outcome === 'ended') test.skip('there are no network namespaces to be had here');
  });
});

describe('tree-warden up', () => {
  it('says what holds a port that a process could not have, and what frees it', async () => {
    await using run = new Run();
    const port = await freePort();
    const stranger = await listen(run, port);
    mkdirSync(join(run.workFolder, '.vscode'));
    const late = `require('node:net').createServer().listen(${port}, '127.0.0.1')`;
    const processes = { api: { command: [process.execPath, '-e', late], pty: false } };
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
    const { code, stderr } = run.call(['up']);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`port ${port} is held by .*\\(pid ${stranger.pid}\\).*; tree-warden kill --port ${port} frees it\\.`));
  });
});

describe('tree-warden kill --port', () => {
  it('stops the tree that listens there, and no other process', async () => {
    await using run = new Run();
    const [port, another] = await Promise.all([freePort(), freePort()]);
    const clis = [port, another].map((each) => run.start(['run', '--name', `web ${each}`, '--', ...argvFor(each)]));
    await eventually('both listen', () => run.call(['ps']).stdout.match(/ :\d+ /g)?.length === 2);
    assert.deepEqual(run.call(['kill', '--port', String(port)]), { code: 0, stdout: `web ${port}: stopped\n`, stderr: '' });
    const [stopped, other] = clis;
    await exitOf(stopped ?? assert.fail());
    assert.ok(isAlive(other?.pid ?? 0));
    other?.kill('SIGTERM');
    await exitOf(other ?? assert.fail());
  });

  it('ends any other process of this user, after a question, gently first', async () => {
    await using run = new Run();
    const port = await freePort();
    const stranger = await listen(run, port);
    const unasked = run.call(['kill', '--port', String(port)]);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, new RegExp(`listens on port ${port}: .+ \\(pid ${stranger.pid}\\)\\. .*use --yes`));
    const asked = ['kill', '--port', String(port)];
    for (const no of ['n\n', '\n']) assert.equal(run.onTerminal(asked, no).code, 1);
    assert.ok(isAlive(stranger.pid ?? 0), 'a no is a no');
    const { code, output } = run.onTerminal(asked, 'y\n');
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`This listens on port ${port}:[^]*  ${stranger.pid}  .*node -e[^]*End them\\?`));
    assert.match(output, new RegExp(`node \\(pid ${stranger.pid}\\): ended`));
    assert.equal(stranger.signalCode ?? (await exitSignal(stranger)), 'SIGTERM');
  });

  it('speaks JSON, and does not ask with --yes', async () => {
    await using run = new Run();
    const port = await freePort();
    const stranger = await listen(run, port);
    const { code, stdout } = run.call(['kill', '--port', String(port), '--yes', '--json']);
    assert.equal(code, 0);
    const holders = JSON.parse(stdout) as { pid: number; ports: { port: number }[] }[];
    assert.ok(holders.some(({ pid, ports }) => pid === stranger.pid && ports.every((one) => one.port === port)));
    assert.ok(!holders.some(({ pid }) => isAlive(pid)));
    assert.equal(run.call(['kill', 'web', '--port', String(port)]).code, 2);
  });

  it('says so where no process listens, and what is not a port', async () => {
    await using run = new Run();
    const port = await freePort();
    assert.deepEqual(run.call(['kill', '--port', String(port)]), {
      code: 1,
      stdout: '',
      stderr: `tree-warden: No process of yours is listening on port ${port}.\n`,
    });
    for (const wrong of ['0', '65536', 'http', '-1', '80.5']) {
      const { code, stderr } = run.call(['kill', `--port=${wrong}`]);
      assert.equal(code, 2);
      assert.match(stderr, /--port wants a number from 1 to 65535, not/);
    }
  });
});

/** A process that no warden knows. */
async function listen(run: Run, port: number): Promise<ChildProcess> {
  const [program, ...args] = argvFor(port);
  const child = spawn(program, args, { cwd: run.workFolder, stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

function exitSignal(child: ChildProcess): Promise<NodeJS.Signals | null> {
  return new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
}
