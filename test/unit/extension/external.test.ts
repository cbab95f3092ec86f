/** What the editor and other extensions start: which of it is guarded, what it is called, and how it is shown. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { childName } from '../../../src/extension/external/childName.ts';
import { debuggeeOf, pidOfTarget } from '../../../src/extension/external/debuggee.ts';
import { defaults, guardFor, isAlwaysGuarded, isAnyGuarded, readGuardSettings } from '../../../src/extension/external/guardRules.ts';
import { externalRows } from '../../../src/extension/processTree/externalRows.ts';
import type { Row } from '../../../src/extension/processTree/row.ts';
import { ShownFigures } from '../../../src/extension/processTree/shownFigures.ts';
import { ShownMembers } from '../../../src/extension/processTree/shownMembers.ts';
import { ShownRates } from '../../../src/extension/processTree/shownRates.ts';
import type { External, ExternalKind, Guard } from '../../../src/protocol/external.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { aMember, aTree } from '../../support/snapshots.ts';

describe('the settings of the guard', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, ExternalKind, string, Guard])[] = [
    ['of nothing are the defaults', {}, 'task', 'dev', 'marked'],
    ['of nothing leave terminals alone', {}, 'terminal', 'bash', 'watched'],
    ['count by kind', { 'guard.terminals': 'on' }, 'terminal', 'bash', 'guarded'],
    ['count for their kind alone', { 'guard.terminals': 'on' }, 'extension', 'bash', 'watched'],
    ['by name come first', { 'guard.tasks': 'on', 'guard.names': { dev: 'off' } }, 'task', 'dev', 'watched'],
    ['by name count whole', { 'guard.names': { dev: 'off' } }, 'task', 'develop', 'marked'],
    ['by name have the first that fits', { 'guard.names': { 'd*': 'on', dev: 'off' } }, 'task', 'dev', 'guarded'],
    ['take a star for anything', { 'guard.names': { '*:watch*': 'on' } }, 'task', 'npm:watch-css', 'guarded'],
    ['take a star for nothing', { 'guard.names': { 'dev*': 'on' } }, 'task', 'dev', 'guarded'],
    ['do not let two parts overlap', { 'guard.names': { 'ab*ba': 'on' } }, 'task', 'aba', 'marked'],
    ['find parts in their order', { 'guard.names': { 'a*b*c': 'on' } }, 'task', 'acbc', 'guarded'],
    ['miss parts out of their order', { 'guard.names': { 'a*c*b*d': 'on' } }, 'task', 'abcd', 'marked'],
    ['of another type are none', { 'guard.tasks': 7, 'guard.names': ['on'] }, 'task', 'dev', 'marked'],
    ['of another word are none', { 'guard.tasks': 'always', 'guard.names': { dev: 'never' } }, 'task', 'dev', 'marked'],
  ];
  for (const [name, settings, kind, process, guard] of cases)
    it(name, () =>
      assert.equal(
        guardFor(
          readGuardSettings((key) => settings[key]),
          kind,
          process,
        ),
        guard,
      ),
    );

  it('take no longer for a pattern of many stars', () => {
    const settings = readGuardSettings((key) => (key === 'guard.names' ? { [`${'*a'.repeat(400)}b`]: 'on' } : undefined));
    assert.equal(guardFor(settings, 'task', 'a'.repeat(100_000)), 'marked');
  });

  it('say whether anything of a kind is to be known from its birth', () => {
    const settings = readGuardSettings((key) => (key === 'guard.names' ? { 'x*': 'ask' } : undefined));
    assert.deepEqual([isAnyGuarded(settings, 'terminal'), isAlwaysGuarded(settings, 'terminal')], [true, false]);
    assert.deepEqual(Object.keys(defaults), ['terminal', 'task', 'debug', 'extension']);
  });
});

describe('the process of a debug session', () => {
  const cases: readonly (readonly [string, unknown, number | undefined])[] = [
    ['is in the event', { type: 'event', event: 'process', body: { systemProcessId: 42, name: 'x' } }, 42],
    ['is not on another machine', { type: 'event', event: 'process', body: { systemProcessId: 42, isLocalProcess: false } }, undefined],
    ['is in the answer of the terminal', { type: 'response', command: 'runInTerminal', body: { processId: 42, shellProcessId: 7 } }, 42],
    ['is not the shell', { type: 'response', command: 'runInTerminal', body: { shellProcessId: 7 } }, undefined],
    ['is no text', { type: 'event', event: 'process', body: { systemProcessId: '42' } }, undefined],
    ['is not the first process', { type: 'event', event: 'process', body: { systemProcessId: 1 } }, undefined],
    ['is in no other event', { type: 'event', event: 'output', body: { systemProcessId: 42 } }, undefined],
    ['is not in nothing', null, undefined],
    ['is not in a body of nothing', { type: 'event', event: 'process', body: null }, undefined],
  ];
  for (const [name, message, pid] of cases) it(name, () => assert.equal(debuggeeOf(message), pid));

  const targets: readonly (readonly [string, string, boolean, number | undefined])[] = [
    ['pwa-node', 'program.js [31808]', true, 31_808],
    ['pwa-node', 'program.js [31808]', false, undefined],
    ['pwa-chrome', 'page [31808]', true, undefined],
    ['pwa-node', 'program.js', true, undefined],
    ['pwa-node', 'program [1] of many', true, undefined],
    ['pwa-node', 'program.js [99999999999]', true, undefined],
  ];
  for (const [type, name, isTarget, pid] of targets)
    it(`is ${pid} for ${type} ${name}${isTarget ? '' : ', no target'}`, () => assert.equal(pidOfTarget({ type, name, isTarget }), pid));
});

describe('a process of another extension', () => {
  const extensions = [
    { path: '/ext/python', name: 'python' },
    { path: '/ext/python/bundled/jedi', name: 'jedi' },
    { path: '', name: 'odd' },
  ];
  const cases: readonly (readonly [string, string, string])[] = [
    ['node /ext/python/out/server.js --stdio', 'node', 'python: server'],
    ['node /ext/python/bundled/jedi/run.py', 'python3', 'jedi: run'],
    ["'/opt/My App/node' /lib/tsserver.js", 'node', 'tsserver'],
    ['sleep 1000', 'sleep', 'sleep'],
    ['C:\\code\\node.exe C:\\x\\main.cjs', 'node.exe', 'node'],
  ];
  for (const [commandLine, name, called] of cases)
    it(`is called ${called}`, () => assert.equal(childName({ name, commandLine }, extensions), called));
});

describe('the rows of what the editor has started', () => {
  const names = { terminal: 'Terminals', task: 'Tasks', debug: 'Debug', extension: 'Extensions' };
  let count = 0;
  const external = (name: string, of: Partial<External>, changes: Partial<TreeSnapshot> = {}): TreeSnapshot =>
    aTree({
      id: `id-${count++}` as TreeId,
      name,
      cpuPercent: 1,
      memoryBytes: 2 ** 20,
      external: { kind: 'terminal', guard: 'watched', hold: 'descent', ...of },
      members: [aMember(7)],
      ...changes,
    });
  const lines = (trees: readonly TreeSnapshot[], filter = ''): string[] => {
    const outline = (rows: readonly Row[]): string[] =>
      rows.flatMap((row) =>
        row.kind === 'member' ? [] : [`${row.label} | ${row.description} | ${row.context} | ${row.icon}`, ...outline(row.children)],
      );
    return outline(
      externalRows(trees, filter, { figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() }, names),
    );
  };
  const over = { state: 'exited', endedAt: 1, reason: 'ended' } as const;
  const cases: readonly (readonly [string, readonly TreeSnapshot[], readonly string[]])[] = [
    ['are none without any', [aTree({})], []],
    [
      'are grouped by kind, in a fixed order',
      [external('code', { kind: 'extension' }), external('bash', {})],
      [
        'Terminals | 1/1 | group.stoppable | folder',
        'bash | 1.0 %  1.0 MB | external.live.watched | terminal',
        'Extensions | 1/1 | group.stoppable | folder',
        'code | 1.0 %  1.0 MB | external.live.watched | extensions',
      ],
    ],
    [
      'say how firmly one is held',
      [
        external('a', { guard: 'guarded', hold: 'container' }, { containment: 'cgroup' }),
        external('b', { guard: 'guarded', hold: 'marks' }),
        external('c', { guard: 'guarded' }),
        external('d', { guard: 'marked', hold: 'marks' }),
      ],
      [
        'Terminals | 4/4 | group.stoppable | folder',
        'a | 1.0 %  1.0 MB  guarded by cgroup | external.live.guarded | shield',
        'b | 1.0 %  1.0 MB  guarded by marks | external.live.guarded | shield',
        'c | 1.0 %  1.0 MB  guarded by descent | external.live.guarded | shield',
        'd | 1.0 %  1.0 MB | external.live.marked | terminal',
      ],
    ],
    [
      'say what one has left',
      [external('dev', { kind: 'task', guard: 'marked', left: true }, { state: 'exited' })],
      ['Tasks | 1/1 | group.stoppable | folder', 'dev | ended, 1 process left  1.0 %  1.0 MB | external.left.marked | warning'],
    ],
    [
      'keep the place of a task that was started again, and drop a terminal that was closed',
      [
        external('bash', {}, over),
        external('build', { kind: 'task' }, over),
        external('dev', { kind: 'task' }),
        external('build', { kind: 'task' }),
        external('test', { kind: 'task' }, over),
      ],
      [
        'Tasks | 2/3 | group.stoppable | folder',
        'build | 1.0 %  1.0 MB | external.live.watched | tools',
        'dev | 1.0 %  1.0 MB | external.live.watched | tools',
        'test | ended | external.ended.watched | circle-outline',
      ],
    ],
  ];
  for (const [name, trees, shown] of cases) it(name, () => assert.deepEqual(lines(trees), shown));

  it('are filtered by name and pid', () => {
    const trees = [external('bash', {}), external('fish', {}, { members: [aMember(4711)] })];
    assert.deepEqual(lines(trees, 'bas').length, 2);
    assert.match(lines(trees, '4711')[1] ?? '', /^fish/);
    assert.deepEqual(lines(trees, 'nothing'), []);
  });
});
