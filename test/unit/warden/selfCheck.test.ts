import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { uncontained } from '../../../src/platform/container.ts';
import type { ProcessStat } from '../../../src/platform/platform.ts';
import type { TreeId, WardenId } from '../../../src/protocol/identity.ts';
import { Records } from '../../../src/records/records.ts';
import { type SelfCheckSubject, selfCheck } from '../../../src/warden/selfCheck.ts';
import type { TreeView } from '../../../src/warden/trees/treeView.ts';
import { inertPlatform } from '../../support/inertPlatform.ts';

const id = '10000000-0000-4000-8000-000000000001' as TreeId;
const stat = (pid: number, parent: number, changes: Partial<ProcessStat> = {}): ProcessStat => ({
  ...{ pid, parent, startTime: pid, group: pid, session: pid, alive: true, stopped: false, name: `p${pid}` },
  ...{ threads: 1, cpuMillis: 0, childrenCpuMillis: 0, memoryBytes: 0, ...changes },
});
const self = stat(100, 1);
const guard = stat(101, 100);
const leader = stat(200, 100);

/** As much of a tree as is looked at. */
function tree(changes: object = {}): TreeView {
  return {
    id,
    request: { name: 'web' },
    leader,
    ended: false,
    state: 'ready',
    reason: 'running',
    container: uncontained,
    ...changes,
  } as unknown as TreeView;
}

describe('a self-check', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tw-check-'));
  const signals = ['SIGTERM', 'SIGCHLD'] as const;
  const noop = (): void => undefined;
  let records: Records;
  before(() => {
    for (const signal of signals) process.on(signal, noop);
    const process_ = { pid: 100, startTime: 100 };
    const warden = {
      warden: 'cafe' as WardenId,
      bootId: 'one',
      process: process_,
      version: '1',
      workspace: '',
      window: '',
      startedAt: 0,
      homes: [],
    };
    records = new Records(folder, { ...warden, lifetime: 'managed' });
    records.writeTree({
      ...{ tree: id, name: 'web', bootId: 'one', leader: { pid: 200, startTime: 200 }, group: 200, session: 200, startedAt: 0 },
      ...{ containment: 'group', container: null, detached: null, members: [] },
    });
  });
  after(() => {
    for (const signal of signals) process.off(signal, noop);
    rmSync(folder, { recursive: true });
  });

  function check(changes: Partial<SelfCheckSubject> = {}, processes: readonly ProcessStat[] = [self, guard, leader]): string[] {
    const platform = {
      ...inertPlatform,
      endSignals: ['SIGTERM'] as const,
      stat: (pid: number) => processes.find((one) => one.pid === pid),
    };
    const census = { members: new Map([[id, [leader]]]), strays: [] };
    return selfCheck({
      platform,
      self,
      recordFolder: records.folder,
      switchPid: guard.pid,
      switchProblem: undefined,
      trees: [tree()],
      census,
      ...changes,
    }).map(String);
  }

  it('finds nothing where all is well', () => assert.deepEqual(check(), []));

  const path = { path: '/cgroup', containment: 'cgroup' } as const;
  const cases: [string, Partial<SelfCheckSubject>, readonly ProcessStat[] | undefined, RegExp][] = [
    ['a switch that is gone', {}, [self, leader], /dead man’s switch is not running/],
    ['a switch that is another process by now', {}, [self, leader, stat(101, 1)], /dead man’s switch is not running/],
    ['a tree without its record', { trees: [tree({ leader: stat(300, 100) })] }, undefined, /'web' runs without its record/],
    ['a record without its tree', { trees: [] }, undefined, /a record of 'web', which is not running/],
    ['records that cannot be read', { recordFolder: '/nowhere' }, undefined, /records in \/nowhere cannot be read/],
    [
      'a tree that could not be ended',
      { trees: [tree({ state: 'unkillable', reason: 'still alive' })] },
      undefined,
      /'web' could not be ended: still alive/,
    ],
    ['a member outside of its container', { trees: [tree({ container: { ...uncontained, ...path } })] }, undefined, /have left its cgroup/],
    ['a stray', { census: { members: new Map(), strays: [stat(400, 100)] } }, undefined, /p400 \(pid 400\) .* belongs to no tree/],
  ];
  for (const [what, changes, processes, finding] of cases) {
    it(`finds ${what}`, () => {
      const findings = check(changes, processes);
      assert.equal(findings.length, 1, findings.join('\n'));
      assert.match(findings[0] ?? '', finding);
    });
  }

  it('does not take a member for lost that has just ended, or has just come', () => {
    assert.deepEqual(check({ trees: [tree({ container: { ...uncontained, ...path } })] }, [self, guard]), []);
    let looks = 0;
    const pids = (): number[] => (looks++ === 0 ? [] : [200]);
    assert.deepEqual(check({ trees: [tree({ container: { ...uncontained, ...path, pids } })] }), []);
  });

  it('finds a handler that is gone', () => {
    process.off('SIGTERM', noop);
    try {
      assert.deepEqual(check(), ['The warden has no handler for SIGTERM.']);
    } finally {
      process.on('SIGTERM', noop);
    }
  });
});
