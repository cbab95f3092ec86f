/** Processes that run on a machine that ssh reaches: this one, by a sshd of the test's own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { NamedPorts } from '../../src/loopback/namedPorts.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { type NodeLooks, SshServer, whyNoSshServer } from '../support/sshServer.ts';
import { killIfThere, survivorsOf } from '../support/survivors.ts';
import { TestWarden } from '../support/warden.ts';

const skip = whyNoSshServer() ?? false;
const needsRoot = process.getuid?.() === 0 ? false : 'only root may hide files from a session';

describe('a process with the runner "ssh"', { skip }, () => {
  let server: SshServer;
  before(async () => {
    server = await SshServer.start();
  });
  after(async () => await server?.[Symbol.asyncDispose]());

  interface Written {
    readonly [key: string]: unknown;
    readonly runner?: object;
  }
  const project = (
    processes: Readonly<Record<string, Written>>,
    looks: Omit<NodeLooks, 'folder'> = {},
    further: readonly string[] = [],
  ): Run => {
    const run = new Run();
    const extra = [...server.options({ folder: join(run.folder, 'node'), ...looks }), ...further];
    const runner = { type: 'ssh', host: '127.0.0.1', extra };
    const all = Object.entries(processes).map(([name, written]) => [
      name,
      { pty: false, ...written, runner: { ...runner, ...written.runner } },
    ]);
    mkdirSync(join(run.workFolder, '.vscode'));
    writeFileSync(join(run.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes: Object.fromEntries(all) }));
    return run;
  };
  const snapshots = (run: Run): TreeSnapshot[] => JSON.parse(run.call(['ps', '--json']).stdout) as TreeSnapshot[];
  const nothingIsLeft = async (run: Run): Promise<void> => {
    await eventually('no process is left', () => survivorsOf(run.folder).length === 0, 60_000).catch(() =>
      assert.deepEqual(survivorsOf(run.folder), []),
    );
  };

  const killAll = (pids: readonly number[]): void => {
    for (const pid of pids) killIfThere(pid, 'SIGKILL');
  };

  const ofNode = (run: Run, pattern: RegExp): number[] =>
    survivorsOf(run.folder).flatMap(({ pid, command }) => (pattern.test(command) ? pid : []));

  it('runs on the node, prints what that prints, and ends as that ends', async () => {
    await using run = project({ far: { command: 'echo "on $SSH_CONNECTION in $PWD"; exit 3' } });
    const { code, stdout } = run.call(['up']);
    assert.match(stdout, new RegExp(`^far \\| on 127\\.0\\.0\\.1 \\d+ 127\\.0\\.0\\.1 ${server.port} in ${run.workFolder}$`, 'm'));
    assert.equal(code, 3);
    await nothingIsLeft(run);
  });

  it('prints all of it, and in its order', async () => {
    await using run = project({ far: { command: 'seq 1 300000' } });
    const { stdout } = run.call(['up']);
    const lines = stdout.match(/(?<=^far \| )\d+$/gm) ?? [];
    assert.equal(lines.length, 300_000);
    assert.ok(lines.every((line, index) => line === `${index + 1}`));
    await nothingIsLeft(run);
  });

  it('ends by the same signal', async () => {
    await using run = project({ far: { command: 'kill -USR2 $$' } });
    run.call(['up']);
    const end = run.journal().find(({ event }) => event === 'ended');
    assert.equal(end?.['signal'], 'SIGUSR2');
    await nothingIsLeft(run);
  });

  it('has its terminal there: what is typed, and its size', { timeout: 120_000 }, async () => {
    await using warden = await TestWarden.start();
    const { run, client } = warden;
    const runner = { type: 'ssh', host: '127.0.0.1', leaseMillis: 30_000, workspace: run.workFolder } as const;
    const program = 'stty size; echo name?; read name; echo "hello $name"; until stty size | grep 33; do sleep 0.1; done; exec sleep 600';
    const { id } = await warden.startShell(program, {
      stdio: 'pty',
      dimensions: { columns: 90, rows: 22 },
      runner: { ...runner, extra: server.options({ folder: join(run.folder, 'node') }) },
    });
    await using output = client.output({ tree: id, from: 0, whenBehind: 'skip', follow: true });
    let printed = '';
    const seen: string[] = [];
    for await (const { data } of output) {
      printed += data.toString();
      if (seen.length === 0 && /22 90\r\nname\?/.test(printed)) {
        seen.push('asked');
        assert.equal(run.call(['send-keys', 'test', 'world', 'Enter']).code, 0);
      }
      if (seen.length === 1 && /hello world/.test(printed)) {
        seen.push('answered');
        client.resize(id, { columns: 44, rows: 33 });
      }
      if (/33 44/.test(printed)) break;
    }
    assert.match(printed, /^22 90\r\nname\?\r\nworld\r\nhello world\r\n33 44/);
    const now = await eventually('its figures are here', async () => {
      const tree = await warden.tree(id);
      return tree.members.some(({ name }) => name === 'sleep') && tree.memoryBytes > 500_000 && tree;
    });
    assert.equal(now.remote?.node, '127.0.0.1');
    await client.stop({ tree: id, now: false, reason: 'the test is over' });
    await eventually('nothing is left on the node', () => ofNode(run, /sleep 600|--lease/).length === 0);
  });

  it('is ready by a probe of its port', async () => {
    const script = `const http = require('http'); setTimeout(() => http.createServer((_, res) => res.end('from afar')).listen(0, '127.0.0.1', function () { console.log('port', this.address().port); }), 100)`;
    const port = await new NamedPorts().portFor('far');
    await using run = project({
      far: { command: [process.execPath, '-e', script.replace('listen(0', `listen(${port}`)], ready: { http: `http://127.0.0.1:${port}` } },
    });
    run.call(['up', '--detach']);
    assert.equal(snapshots(run)[0]?.state, 'ready');
    run.call(['down']);
    await nothingIsLeft(run);
  });

  it('has its ports here, where the loopback of its machine is another one', { skip: needsRoot }, async () => {
    const network = spawn('unshare', ['--net', 'sh', '-c', 'ip link set lo up && echo up && exec sleep 600'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await once(network.stdout, 'data');
      const port = await new NamedPorts().portFor('far');
      const bytes = 20 * 2 ** 20;
      const script = `require('http').createServer((request, response) => {
        if (request.method === 'GET') return response.end('from afar');
        let length = 0;
        request.on('data', (chunk) => { length += chunk.length; }).on('end', () => response.end(Buffer.alloc(length, 'x')));
      }).listen(${port}, '127.0.0.1')`;
      await using run = project(
        { far: { command: [process.execPath, '-e', script], ready: { http: `http://127.0.0.1:${port}` } } },
        {},
        server.inNetworkOf(network.pid ?? 0),
      );
      const { code, stderr } = run.call(['up', '--detach']);
      assert.equal(code, 0, stderr);
      const ports = (pid: number): string => readFileSync(`/proc/${pid}/net/tcp`, 'utf8');
      const hex = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
      assert.match(ports(network.pid ?? 0), new RegExp(hex));
      assert.equal(await (await fetch(`http://127.0.0.1:${port}`)).text(), 'from afar');
      const echoes = Array.from({ length: 4 }, async () => {
        const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: Buffer.alloc(bytes, 'y') });
        return (await answer.arrayBuffer()).byteLength;
      });
      assert.deepEqual(await Promise.all(echoes), [bytes, bytes, bytes, bytes]);
      run.call(['down']);
      await nothingIsLeft(run);
      await assert.rejects(fetch(`http://127.0.0.1:${port}`));
    } finally {
      network.kill('SIGKILL');
      await exitOf(network);
    }
  });

  it('goes on over a new connection where one breaks off, and loses nothing of its output', async () => {
    await using run = project({ far: { command: 'i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo $i; sleep 0.02; done' } });
    const up = run.start(['up']);
    let printed = '';
    up.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await eventually('it prints', () => printed.includes('| 20\n'), 60_000);
    killAll(server.connections());
    assert.equal(await exitOf(up), 0);
    const lines = printed.match(/(?<=^far \| )\d+$/gm) ?? [];
    assert.deepEqual(
      lines,
      Array.from({ length: 400 }, (_, index) => `${index + 1}`),
    );
    await nothingIsLeft(run);
  });

  const looks = { isOtherMachine: true, node: 'same', greeting: 'Welcome, all of you!' } as const;
  for (const shell of ['/bin/bash', '/usr/bin/fish', '/usr/bin/zsh'].filter((path) => existsSync(path)))
    it(`brings itself to a machine where it is not, and whose shell is ${shell}, whatever that prints`, { skip: needsRoot }, async () => {
      await using run = project({ far: { command: "echo it\\'s there; ls $0 .vscode; exit 4" } }, { ...looks, shell });
      const { code, stdout } = run.call(['up']);
      assert.match(stdout, /^far \| it's there$/m);
      assert.equal(code, 4);
      assert.deepEqual(readdirSync(join(run.folder, 'node', 'cache', 'tree-warden')).length, 1);
      await nothingIsLeft(run);
    });

  for (const node of ['none', 'old'] as const)
    it(`says so at once where Node.js is ${node === 'none' ? 'missing' : 'too old'}`, { skip: needsRoot }, async () => {
      await using run = project({ far: { command: 'exit 0' } }, { isOtherMachine: true, node });
      const { code, stdout, stderr } = run.call(['up']);
      assert.equal(code, 1);
      assert.match(stdout + stderr, /127\.0\.0\.1: it has no Node\.js 20 or newer in the PATH .*; install one/);
      await nothingIsLeft(run);
    });

  const unreachable: Readonly<Record<string, { readonly runner: (own: readonly string[]) => object; readonly says: RegExp }>> = {
    'the key of the host is unknown': {
      runner: (own) => ({ extra: own.map((word) => word.replace(/^UserKnownHostsFile=.*/, 'UserKnownHostsFile=/dev/null')) }),
      says: /ssh 127\.0\.0\.1: Host key verification failed \(.*connect once by "ssh 127\.0\.0\.1", and accept it\)/,
    },
    'it wants a password': {
      runner: (own) => ({ extra: ['-o', 'IdentityFile=none', ...own.filter((word, index) => word !== '-i' && own[index - 1] !== '-i')] }),
      says: /ssh 127\.0\.0\.1: .*Permission denied \(publickey,password\) \(.*by a key without a passphrase, or one that ssh-add has loaded\)/,
    },
    'it does not listen': {
      runner: (own) => ({ extra: own.map((word) => (word === `${server.port}` ? '1' : word)) }),
      says: /ssh 127\.0\.0\.1: connect to host 127\.0\.0\.1 port 1: Connection refused \(is the machine up, /,
    },
    'its name is unknown': {
      runner: () => ({ host: 'no-such-host.invalid' }),
      says: /ssh no-such-host\.invalid: Could not resolve hostname .* \(the "host" of the runner is a name that the DNS /,
    },
  };
  for (const [title, { runner, says }] of Object.entries(unreachable))
    it(`says what was tried, what was answered and what to do where ${title}`, async () => {
      await using run = project({ far: { command: 'exit 0', runner: runner(server.options()) } });
      const { code, stdout, stderr } = run.call(['up']);
      assert.equal(code, 1);
      assert.match(stdout + stderr, says);
      await nothingIsLeft(run);
    });

  const worker = `echo up; (setsid env -i /bin/sh -c 'trap "" TERM; while :; do sleep 1; done' &) ; setsid sleep 701 & exec sleep 702`;
  // As long as a busy machine takes to start the programs of three connections, and not so long that it could not be waited for.
  const pool = { work: { command: worker, instances: 3, stop: ['SIGTERM', '500ms', 'SIGKILL'], runner: { lease: '20s' } } };
  const nodeWarden = /warden\.js serve .*--lease/;
  const deaths: Readonly<Record<string, (run: Run, up: ReturnType<Run['start']>) => Promise<void> | void>> = {
    'a stop': (_, up) => void up.kill('SIGTERM'),
    'SIGKILL of the command that has started it': (_, up) => void up.kill('SIGKILL'),
    'SIGKILL of the wardens on the node': (run) => killAll(ofNode(run, nodeWarden)),
    'SIGKILL of everything on this side': (run) =>
      killAll(ofNode(run, /cli\.js up|warden\.js serve (?!.*--lease)|remote\.js connect|^ssh /)),
    'SIGKILL of everything on this side, and of all connections of sshd': (run) => {
      killAll(ofNode(run, /cli\.js up|warden\.js serve (?!.*--lease)|remote\.js connect|^ssh /));
      killAll(server.connections());
    },
  };
  for (const [title, end] of Object.entries(deaths))
    it(`leaves nothing of a pool of three behind ${title}`, async () => {
      await using run = project(pool);
      const up = run.start(['up']);
      await eventually(
        'three run',
        () => snapshots(run).filter(({ state, members }) => state === 'ready' && members.length >= 3).length === 3,
        60_000,
      );
      const begun = performance.now();
      try {
        await end(run, up);
        const onNode = (): number[] => ofNode(run, /sleep 70|warden\.js serve .*--lease|trap ""/);
        await eventually('nothing is left on the node', () => onNode().length === 0, 60_000).catch(() =>
          assert.deepEqual(survivorsOf(run.folder), []),
        );
        console.log(`${title}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
      } finally {
        server.restore();
      }
      up.kill('SIGTERM');
      await nothingIsLeft(run);
      console.log(`${title}: ${((performance.now() - begun) / 1000).toFixed(1)} s with this side`);
    });
});
