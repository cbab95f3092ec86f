/** What an isolated process can reach, on the real kernel; what tries to reach more is the test. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Diagnosis } from '../../src/protocol/inspection.ts';
import type { Isolation } from '../../src/protocol/isolation.ts';
import type { StartRequest } from '../../src/protocol/startRequest.ts';
import { offersHere } from '../support/containments.ts';
import { killAtOnce } from '../support/deaths.ts';
import { cli, eventually, Run } from '../support/run.ts';
import { isAlive } from '../support/survivors.ts';
import { patientStop, TestWarden } from '../support/warden.ts';

const { isolation } = JSON.parse(execFileSync(process.execPath, [cli, 'doctor', '--json'], { encoding: 'utf8' })) as Diagnosis;
const here = { skip: isolation.available ? false : `processes cannot be isolated on this machine: ${isolation.why}` };

const nothing: Omit<Isolation, 'folder'> = { network: false, write: [], tmp: 'private', secrets: 'hidden' };

function isolated(warden: TestWarden, changes: Partial<Isolation> = {}): Pick<StartRequest, 'isolate'> {
  return { isolate: { ...nothing, folder: warden.run.workFolder, ...changes } };
}

/** What a script prints that is run isolated to its end. */
async function outputOf(warden: TestWarden, script: string, changes: Partial<Isolation> = {}): Promise<string> {
  const tree = await warden.startShell(script, isolated(warden, changes));
  const text = await warden.output(tree.id);
  await warden.ended(tree.id);
  return text;
}

/** For one line of a script: says which of the attempts has succeeded. */
const attempts = (lines: Readonly<Record<string, string>>): string =>
  Object.entries(lines)
    .map(([name, line]) => `(${line}) >/dev/null 2>&1 && echo "ESCAPED: ${name}"`)
    .join('\n');

describe('an isolated process', here, () => {
  it('writes to the folders that it was given, to its own /tmp, and nowhere else', async () => {
    await using warden = await TestWarden.start();
    const { workFolder: work, folder } = warden.run;
    for (const name of ['dist', 'dist/.git', '.vscode']) mkdirSync(join(work, name));
    const script = `
      echo built > dist/out && echo dist; echo t > /tmp/mine && ls /tmp
      ${attempts({
        workspace: 'touch escaped',
        configuration: 'touch .vscode/processes.json',
        'hook of git': 'mkdir -p dist/.git/hooks && touch dist/.git/hooks/pre-commit',
        system: 'touch /etc/escaped || touch /usr/escaped || touch /var/escaped',
        'mount anew': 'mount -o remount,rw / && touch /etc/escaped',
        'mount anew, in a user namespace of its own': 'unshare -Urm sh -c "mount -o remount,rw,bind / && touch /etc/escaped"',
        'what is below a hidden folder': 'unshare -Urm sh -c "umount /tmp && ls /tmp/tree-warden*"',
        'through a descriptor': `for fd in /proc/self/fd/*; do test -d $fd/. && test $fd != /proc/self/fd/3 && exit; done; false`,
        'a device': 'cat /dev/mem || head -c1 /dev/sda || head -c1 /dev/vda || head -c1 /dev/kmsg',
        'a setting of the kernel': 'echo 1 > /proc/sys/vm/drop_caches || echo h > /proc/sysrq-trigger',
      })}
      { touch '${folder}/escaped'; ln -s '${folder}' dist/link; touch dist/link/escaped; for root in /proc/[0-9]*/root; do touch $root'${folder}/escaped'; done; } 2>/dev/null
      echo done`;
    assert.equal(
      await outputOf(warden, script, { write: [join(work, 'dist')] }),
      `dist\n${['mine', ...shownInTmp(folder)].toSorted().join('\n')}\ndone\n`,
    );
    assert.equal(readFileSync(join(work, 'dist', 'out'), 'utf8'), 'built\n');
    assert.ok(!existsSync('/tmp/mine'), 'what it wrote to /tmp is gone with it');
    assert.ok(!existsSync(join(folder, 'escaped')), 'it has written beside the workspace');
  });

  it('that shares the /tmp of the machine writes there, and not to a workspace that lies in it, but for the folders that it was given', async () => {
    await using warden = await TestWarden.start();
    const { workFolder: work, folder } = warden.run;
    for (const name of ['dist', 'dist/.git', '.git']) mkdirSync(join(work, name));
    const script = `
      touch '${folder}/shared' dist/built && echo written
      ${attempts({
        workspace: 'touch escaped',
        'hook of git': 'touch .git/escaped',
        'hook of git in a folder that it may write to': 'touch dist/.git/escaped',
        'a workspace in the place of this one': `mv '${work}' '${work}-away'`,
      })}`;
    assert.equal(await outputOf(warden, script, { tmp: 'shared', write: [join(work, 'dist')] }), 'written\n');
    assert.ok(existsSync(join(folder, 'shared')) && existsSync(join(work, 'dist', 'built')));
  });

  it('sees, signals and reads no other process', async () => {
    await using warden = await TestWarden.start();
    const other = await warden.startShell('sleep 1000; :', { name: 'other', env: { SECRET: 'sesame' } });
    const script = `
      ${attempts({
        'a signal': `kill -9 ${other.leader?.pid}`,
        'a signal to the warden': `kill -9 ${warden.process.pid}`,
        'another environment': 'cat /proc/[0-9]*/environ | grep -a sesame',
        'the socket of the warden': `ls '${warden.run.runtimeFolder}'/*`,
        'the sockets of the system': 'ls /run/docker.sock || ls /run/dbus/* || ls /run/user/*',
      })}
      kill -9 -1 2>/dev/null
      echo $(ls /proc | grep -c '^[0-9]')`;
    assert.match(await outputOf(warden, script), /^\s*[3-6]\n$/);
    assert.equal((await warden.tree(other.id)).state, 'ready');
    assert.ok(isAlive(warden.process.pid));
  });

  it('has no network but a loopback of its own, where its ports are found; with network: true it has', async () => {
    await using warden = await TestWarden.start();
    const server = createServer((socket) => socket.end('reached\n'))
      .listen(0, '127.0.0.1')
      .unref();
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const fetching = `python3 -c '
import socket
try: print(socket.create_connection(("127.0.0.1", ${port}), 5).recv(100).decode().strip())
except OSError as error: print(type(error).__name__)'`;
    assert.equal(await outputOf(warden, fetching), 'ConnectionRefusedError\n');
    assert.equal(await outputOf(warden, fetching, { network: true }), 'reached\n');
    const listening = 'import socket, time; s = socket.create_server(("127.0.0.1", 4321)); time.sleep(1000)';
    const tree = await warden.client.start(warden.request(['python3', '-c', listening], isolated(warden)));
    const subscription = await warden.client.watch(500);
    assert.ok(subscription);
    const found = await eventually('its port is known', async () => {
      const { members } = await warden.tree(tree.id);
      return members.find(({ ports }) => ports?.some((one) => one.port === 4321));
    });
    assert.match(found.name, /python/);
  });

  it('cannot read keys unless it may; the file itself stays as it is', async () => {
    const home = new Run();
    await using _ = home;
    mkdirSync(join(home.workFolder, '.ssh'));
    writeFileSync(join(home.workFolder, '.ssh', 'id_ed25519'), 'key\n');
    writeFileSync(join(home.workFolder, '.npmrc'), 'token\n');
    writeFileSync(join(home.workFolder, '.profile'), 'profile\n');
    await using warden = await TestWarden.start({ HOME: home.workFolder });
    const script = '{ cat ~/.ssh/* ~/.npmrc ~/.profile; echo x > ~/.ssh/other; :; } 2>/dev/null';
    // The home folder of this test lies in /tmp.
    const shared = { folder: home.workFolder };
    assert.match(await outputOf(warden, script, shared), /^profile\n/);
    assert.doesNotMatch(await outputOf(warden, script, shared), /key|token/);
    assert.match(await outputOf(warden, script, { ...shared, secrets: 'readable' }), /^key\ntoken\nprofile\n/);
    assert.ok(!existsSync(join(home.workFolder, '.ssh', 'other')));
    assert.equal(readFileSync(join(home.workFolder, '.npmrc'), 'utf8'), 'token\n');
  });

  it('hands through exit codes, signals, input and output, and closes descriptors that it should not have', async () => {
    await using run = new Run();
    const call = (script: string, input = '') => run.call(['run', '--isolate', '--', 'sh', '-c', script], { input });
    assert.deepEqual(call('read line; echo "got $line"; echo bad >&2; exit 7', 'this\n'), {
      code: 7,
      stdout: 'got this\n',
      stderr: 'bad\n',
    });
    assert.equal(call('kill -ABRT $$').code, 134);
    const line = `exec 200</etc 201</; exec '${process.execPath}' '${cli}' run --isolate -- sh -c 'ls /proc/self/fd'`;
    const { stdout } = spawnSync('/bin/bash', ['-c', line], { cwd: run.workFolder, env: run.env, encoding: 'utf8' });
    assert.deepEqual(stdout.split(/\s+/).filter(Boolean), ['0', '1', '2', '3']);
  });

  for (const containment of ['group', 'cgroup', 'namespace'] as const) {
    const isThere = offersHere().some((offer) => offer.containment === containment && offer.available);
    it(`${containment}: a stop is gentle, real members are listed, and daemons end with it`, { skip: !isThere }, async () => {
      await using warden = await TestWarden.start();
      const script = `setsid sh -c 'sleep 1000; :' & (sleep 1000 &) ; trap 'echo cleaned up; exit 3' TERM; echo ready; while :; do sleep 0.05; done`;
      const tree = await warden.startShell(script, { ...isolated(warden), containment, stop: patientStop });
      await warden.output(tree.id, (text) => text.includes('ready'));
      const members = await eventually('its members are listed', async () => {
        const found = (await warden.tree(tree.id)).members;
        return found.filter(({ name }) => name === 'sleep').length >= 2 ? found : undefined;
      });
      const stopped = await warden.stop(tree.id);
      assert.deepEqual([stopped.containment, stopped.exit?.code], [containment, 3]);
      assert.match(await warden.output(tree.id), /cleaned up/);
      for (const { pid, name } of members) assert.ok(!isAlive(pid), `${name} ${pid} is alive`);
    });
  }

  it('is on a terminal, whose keys reach the command', async () => {
    await using warden = await TestWarden.start();
    const script = `trap 'echo interrupted; exit 4' INT; test -t 0 && stty size && echo terminal; while :; do sleep 0.05; done`;
    const tree = await warden.startShell(script, { ...isolated(warden), stdio: 'pty', dimensions: { columns: 91, rows: 17 } });
    assert.match(await warden.output(tree.id, (text) => text.includes('terminal')), /17 91/);
    warden.client.input(tree.id, Buffer.from('\x03'));
    assert.equal((await warden.ended(tree.id)).exit?.code, 4);
  });

  it('leaves nothing when warden and command line are killed, daemons without marks included', async () => {
    await using run = new Run();
    const script = 'env -i setsid sh -c "sleep 1000; :" & sleep 1000; :';
    const child = run.start(['run', '--isolate', '--', 'sh', '-c', script]);
    const tree = await eventually('it is up', () =>
      run.ps().find(({ members }) => members.filter(({ name }) => name === 'sleep').length === 2),
    );
    killAtOnce(child.pid, tree.warden.pid);
    await eventually('no process is left', () => tree.members.every(({ pid }) => !isAlive(pid)));
  });

  it('that outlives its first process ends when the last one has', async () => {
    await using warden = await TestWarden.start();
    const script = '(sleep 0.5; echo last) & exit 6';
    const tree = await warden.startShell(script, { ...isolated(warden), whenLeaderExits: 'keep' });
    assert.equal(await warden.output(tree.id), 'last\n');
    assert.equal((await warden.ended(tree.id)).exit?.code, 6);
  });
});

describe('an isolated process that outlives its warden', here, () => {
  it('is known as one to the next warden: nothing joins it without isolation', async () => {
    await using run = new Run();
    const known = (): (Record<'isolate', Isolation | undefined> & ReturnType<Run['ps']>[number]) | undefined => run.ps()[0] as never;
    run.call(['run', '--detached', '--isolate', '--allow-write', '.', '-n', 'box', '--', 'sleep', '1000']);
    const before = await eventually('it is up', known);
    assert.deepEqual([before.isolate?.network, before.isolate?.write], [false, [run.workFolder]]);
    process.kill(before.warden.pid, 'SIGKILL');
    const after = await eventually('another warden has it', () => {
      const one = known();
      return one !== undefined && one.warden.pid !== before.warden.pid ? one : undefined;
    });
    assert.deepEqual([after.id, after.isolate], [before.id, before.isolate]);
    const joining = run.call(['run', '--join', 'box', '--', 'touch', 'outside']);
    assert.match(joining.stderr, /'box' is isolated, and what joins it would not be/);
    assert.ok(!existsSync(join(run.workFolder, 'outside')));
    assert.equal(run.call(['kill', 'box']).code, 0);
  });
});

describe('what cannot be isolated as asked for is not started', here, () => {
  const cases: Readonly<Record<string, (work: string) => { readonly write: string; readonly message: RegExp }>> = {
    'a folder that is not there': (work) => ({
      write: join(work, 'none'),
      message: /it does not exist\. Create the folder first\. Nothing was started/,
    }),
    'a file': (work) => {
      writeFileSync(join(work, 'file'), '');
      return { write: join(work, 'file'), message: /it is not a folder/ };
    },
    'a link out of the workspace': (work) => {
      symlinkSync('/var/tmp', join(work, 'link'));
      return { write: join(work, 'link'), message: /it is a link out of .* to \/var\/tmp/ };
    },
    everything: () => ({ write: '/', message: /run when they start is in it/ }),
    'the system': () => ({ write: '/etc', message: /a part of the system/ }),
    'another user’s processes': () => ({ write: '/proc/1', message: /a part of the system/ }),
  };
  it(Object.keys(cases).join(', '), async () => {
    await using warden = await TestWarden.start();
    for (const [name, make] of Object.entries(cases)) {
      const { write, message } = make(warden.run.workFolder);
      await assert.rejects(warden.startShell('touch started', isolated(warden, { write: [write] })), message, name);
    }
    assert.ok(!existsSync(join(warden.run.workFolder, 'started')));
    assert.equal((await warden.client.list()).filter(({ endedAt }) => endedAt === undefined).length, 0);
  });

  it('a probe that could not reach it', async () => {
    await using warden = await TestWarden.start();
    const ready = {
      check: { by: 'tcp', host: '127.0.0.1', port: 4321 },
      delayMillis: 0,
      timeoutMillis: 100,
      failureThreshold: 1,
      successThreshold: 1,
    };
    const start = warden.startShell('sleep 100', { ...isolated(warden), ready: ready as NonNullable<StartRequest['ready']> });
    await assert.rejects(start, /could never reach it. Use a "log" probe/);
  });
});

describe('where there is no bubblewrap, or one that fails', () => {
  it('nothing is started, and the message says how to get it', async () => {
    await using run = new Run({ TREE_WARDEN_BWRAP: '/nowhere/bwrap' });
    const { code, stderr } = run.call(['run', '--isolate', '--', 'touch', 'started']);
    assert.match(
      stderr,
      /cannot be isolated here: there is no \/nowhere\/bwrap\. Install it: apt install bubblewrap .*Nothing was started/,
    );
    assert.deepEqual([code, existsSync(join(run.workFolder, 'started'))], [126, false]);
    const broken = join(run.folder, 'bwrap');
    writeFileSync(broken, '#!/bin/sh\n[ "$1" = --help ] || { echo "bwrap: No permissions to create new namespace" >&2; exit 1; }\n');
    chmodSync(broken, 0o755);
    const refused = run.call(['run', '--isolate', '--', 'touch', 'started'], { env: { TREE_WARDEN_BWRAP: broken } });
    assert.match(refused.stderr, /bwrap: No permissions to create new namespace/);
    assert.deepEqual([refused.code, existsSync(join(run.workFolder, 'started'))], [126, false]);
  });

  it('an option for isolation alone is refused', async () => {
    await using run = new Run();
    const { code, stderr } = run.call(['run', '--allow-network', '--', 'true']);
    assert.deepEqual([code, stderr], [2, 'tree-warden: --allow-network is for --isolate only.\n']);
  });
});

/** The folder that a workspace in /tmp lies in is there, with nothing but that in it. */
function shownInTmp(folder: string): string[] {
  const [, first, name = ''] = folder.split('/');
  return first === 'tmp' ? [name] : [];
}
