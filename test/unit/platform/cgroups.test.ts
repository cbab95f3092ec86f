import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { removeAbandonedRoots } from '../../../src/platform/linux/abandonedRoots.ts';
import { Cgroup, makeCgroupRoot, parseOwnCgroup, removeCgroup, removeCgroupRoot, rootPrefix } from '../../../src/platform/linux/cgroups.ts';

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

const uid = process.getuid?.() ?? -1;

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

  const claims: Record<string, (fake: string) => [string, string]> = {
    'a folder with such files': (fake) => [fake, 'tree'],
    'by a link to a real one': (fake) => {
      symlinkSync(real, join(fake, 'link'));
      return [join(fake, 'link'), 'link'];
    },
    'by a way round': (fake) => [join(fake, 'x').replace(/x$/, '../tree'), 'tree'],
    'of another name': () => [real, 'tree'],
    'no path': () => ['tree', 'tree'],
    'of no name': () => ['/', ''],
    gone: () => [join(real, 'tree-warden-gone', 'tree'), 'tree'],
  };
  const real = parseOwnCgroup(readFileSync('/proc/self/mountinfo', 'utf8'), readFileSync('/proc/self/cgroup', 'utf8')) ?? '/sys/fs/cgroup';
  for (const [what, claim] of Object.entries(claims))
    it(`that a record names is not believed: ${what}`, () => {
      using fake = fakeCgroup({});
      const [path, name] = claim(fake.path);
      assert.equal(Cgroup.find(path, name, uid), undefined);
      assert.ok(removeCgroupRoot(dirname(path), uid));
      assert.ok(existsSync(fake.path));
    });

  it('of this user is found again by a record, and by no other name or user', { skip: makeable() ? false : 'no cgroups here' }, () => {
    const home = join(real, `tree-warden-test-${process.pid}`);
    mkdirSync(join(home, 'tree'), { recursive: true });
    try {
      assert.ok(Cgroup.find(join(home, 'tree'), 'tree', uid));
      assert.equal(Cgroup.find(join(home, 'tree'), 'another', uid), undefined);
      assert.equal(Cgroup.find(join(home, 'tree'), 'tree', uid + 1), undefined);
      assert.equal(Cgroup.find(join(home, 'tree', '..'), basename(home), uid), undefined);
      assert.equal(Cgroup.find(`${home}//tree`, 'tree', uid), undefined);
      removeCgroupRoot(home, uid + 1);
      assert.ok(existsSync(home));
      assert.ok(removeCgroupRoot(home, uid));
      assert.ok(!existsSync(home));
    } finally {
      removeCgroup(home);
    }
  });

  it('of a warden whose records are gone is removed where nothing is in it, it is not new, and its owner has ended', {
    skip: makeable() ? false : 'no cgroups here',
  }, () => {
    const owners = ['ended', 'alive', 'fresh', 'populated'].map((name) => `${name}-${process.pid}`);
    const [ended = '', alive = '', fresh = '', populated = ''] = owners;
    const homeOf = (owner: string): string => join(real, `${rootPrefix}${owner}`);
    const member = spawn('sleep', ['100'], { stdio: 'ignore' });
    try {
      for (const owner of owners) {
        mkdirSync(join(homeOf(owner), 'tree', 'inner'), { recursive: true });
        if (owner !== fresh) utimesSync(homeOf(owner), 1, 1);
      }
      writeFileSync(join(homeOf(populated), 'tree', 'cgroup.procs'), String(member.pid));
      removeAbandonedRoots(uid, (owner) => !owners.includes(owner) || owner === alive);
      assert.deepEqual(
        owners.filter((owner) => existsSync(homeOf(owner))),
        [alive, fresh, populated],
      );
      assert.ok(!existsSync(homeOf(ended)));
      removeAbandonedRoots(uid + 1, () => false);
      assert.ok(existsSync(homeOf(alive)));
    } finally {
      member.kill('SIGKILL');
      for (const owner of owners.filter((name) => name !== populated)) removeCgroup(homeOf(owner));
    }
    return new Promise<void>((resolve) => {
      member.once('exit', () => {
        removeCgroup(homeOf(populated));
        resolve();
      });
    });
  });

  it('that cannot be made says where that was tried and what the system said, in words', {
    skip: makeable() ? false : 'no cgroups here',
  }, () => {
    const missing = join(tmpdir(), 'tw-no-such-folder');
    const unmakeable = [join(missing, 'root'), '/proc/self'];
    assert.throws(() => makeCgroupRoot('root', unmakeable), {
      message: `no cgroup can be made in ${missing}: no such file or directory (ENOENT); no cgroup can be made in /proc: file already exists (EEXIST)`,
    });
  });

  it('of a warden is as old as the last change in it, for every user', { skip: makeable() ? false : 'no cgroups here' }, () => {
    const { path } = makeCgroupRoot(`${rootPrefix}aged-${process.pid}`);
    try {
      const madeAt = statSync(path).mtimeMs;
      const deadline = performance.now() + 2000;
      while (statSync(path).mtimeMs === madeAt && performance.now() < deadline) {
        mkdirSync(join(path, 'tree'));
        rmdirSync(join(path, 'tree'));
      }
      assert.ok(statSync(path).mtimeMs > madeAt);
    } finally {
      removeCgroup(path);
    }
  });

  function makeable(): boolean {
    const trial = join(real, `trial-${process.pid}`);
    try {
      mkdirSync(trial);
      rmdirSync(trial);
      return statfsSync(real).type === 0x63677270;
    } catch {
      return false;
    }
  }

  it('is not killed as one where a process is inside that must not be', () => {
    using fake = fakeCgroup({ 'cgroup.procs': '10\n11\n', 'cgroup.kill': '', 'cgroup.freeze': '0' });
    assert.equal(
      fake.cgroup.killAll((pid) => pid !== 11),
      false,
    );
    assert.equal(readFileSync(join(fake.path, 'cgroup.kill'), 'utf8'), '');
  });
});
