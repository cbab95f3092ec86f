import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Cgroup, parseOwnCgroup } from '../../../src/platform/linux/cgroups.ts';

const unified = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n';
const hybrid =
  '31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 23 0:28 / /sys/fs/cgroup/unified rw shared:4 - cgroup2 cgroup rw\n';
const session = '0::/user.slice/user-1000.slice/session-3.scope\n';

describe('the own cgroup', () => {
  const cases: [string, string, string, string | undefined][] = [
    ['of a systemd session', unified, session, '/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope'],
    ['at the root', unified, '0::/\n', '/sys/fs/cgroup'],
    ['in a hybrid hierarchy', hybrid, '4:memory:/x\n0::/y\n', '/sys/fs/cgroup/unified/y'],
    [
      'in a container whose mount begins further down',
      '1 2 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n',
      '0::/docker/abc/init\n',
      '/sys/fs/cgroup/init',
    ],
    ['outside of what is mounted', '1 2 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n', '0::/elsewhere\n', undefined],
    ['of version 1 only', '31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n', '4:memory:/x\n', undefined],
    ['where nothing is mounted', '', '0::/\n', undefined],
  ];
  for (const [what, mountinfo, cgroup, expected] of cases) it(what, () => assert.equal(parseOwnCgroup(mountinfo, cgroup), expected));
});

/** A folder that looks like a cgroup, with the files that this kernel has for it. */
function fakeCgroup(files: Readonly<Record<string, string>>): { readonly cgroup: Cgroup; readonly path: string } & Disposable {
  const root = mkdtempSync(join(tmpdir(), 'tw-cgroup-'));
  const path = join(root, 'tree-warden-1', 'tree');
  mkdirSync(path, { recursive: true });
  for (const [name, text] of Object.entries({ 'cgroup.procs': '', ...files })) writeFileSync(join(path, name), text);
  return { cgroup: new Cgroup(path), path, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

describe('a cgroup', () => {
  it('holds the limits for which there are controllers, and says which', () => {
    using fake = fakeCgroup({ 'memory.max': 'max', 'memory.swap.max': 'max', 'memory.oom.group': '0', 'cpu.max': 'max 100000' });
    assert.deepEqual(fake.cgroup.limit({ memoryBytes: 2 ** 30, processes: 10, cpuCores: 1.5 }), ['memoryBytes', 'cpuCores']);
    assert.equal(readFileSync(join(fake.path, 'memory.max'), 'utf8'), String(2 ** 30));
    assert.match(readFileSync(join(fake.path, 'memory.oom.group'), 'utf8'), /^1/);
    assert.match(readFileSync(join(fake.path, 'cpu.max'), 'utf8'), /^150000 100000/);
    assert.throws(() => readFileSync(join(fake.path, 'pids.max')), 'a file of the kernel is never made');
  });

  it('counts what the kernel has done for them', () => {
    using fake = fakeCgroup({ 'memory.events': 'low 0\nhigh 0\nmax 31\noom 2\noom_kill 2\n', 'pids.events': 'max 7\n' });
    assert.deepEqual(fake.cgroup.limitEvents(), { memoryKills: 2, refusedForks: 7 });
    using bare = fakeCgroup({});
    assert.deepEqual(bare.cgroup.limitEvents(), { memoryKills: 0, refusedForks: 0 });
  });

  it('lists members of the cgroups that its members have made, too', () => {
    using fake = fakeCgroup({ 'cgroup.procs': '10\n11\n' });
    mkdirSync(join(fake.path, 'inner'));
    writeFileSync(join(fake.path, 'inner', 'cgroup.procs'), '12\n0\n');
    assert.deepEqual(fake.cgroup.pids(), [10, 11, 12]);
  });

  it('does not kill itself with them', () => {
    using fake = fakeCgroup({ 'cgroup.procs': `10\n${process.pid}\n`, 'cgroup.kill': '' });
    assert.equal(fake.cgroup.killAll(), false);
    assert.equal(readFileSync(join(fake.path, 'cgroup.kill'), 'utf8'), '');
  });

  it('is found again by a record only where it is this tree’s, a warden’s and this user’s', () => {
    using fake = fakeCgroup({});
    const uid = process.getuid?.() ?? -1;
    assert.ok(Cgroup.find(fake.path, 'tree', uid));
    assert.equal(Cgroup.find(fake.path, 'another', uid), undefined);
    assert.equal(Cgroup.find(fake.path, 'tree', uid + 1), undefined);
    assert.equal(Cgroup.find(join(fake.path, '..'), 'tree-warden-1', uid), undefined);
    assert.equal(Cgroup.find('/sys/fs/cgroup/tree', 'tree', uid), undefined);
    assert.equal(Cgroup.find('/', '', uid), undefined);
  });
});
