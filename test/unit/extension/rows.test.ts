import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changedRows } from '../../../src/extension/processTree/changedRows.ts';
import { type Row, type RowSource, spokenText } from '../../../src/extension/processTree/row.ts';
import { filterSources, buildRows as rowsOf, type SortBy, sortSources } from '../../../src/extension/processTree/rows.ts';
import { ShownFigures } from '../../../src/extension/processTree/shownFigures.ts';
import { ShownMembers } from '../../../src/extension/processTree/shownMembers.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { describePorts, hostListening } from '../../../src/protocol/ports.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { aMember, aTree } from '../../support/snapshots.ts';

const buildRows = (sources: readonly RowSource[]): Row[] => rowsOf(sources, { figures: new ShownFigures(), members: new ShownMembers() });

const member = (pid: number, parent: number, changes: Partial<MemberSnapshot> = {}): MemberSnapshot =>
  aMember(pid, { parent, cpuPercent: 1, memoryBytes: 2 ** 20, ...changes });

const tree = (changes: Partial<TreeSnapshot> = {}): TreeSnapshot =>
  aTree({ id: 'id' as TreeId, cpuPercent: 12.44, memoryBytes: 340 * 2 ** 20, ...changes });

const outline = (rows: readonly Row[], depth = 0): string[] =>
  rows.flatMap((row) => [`${'  '.repeat(depth)}${row.label} | ${row.description} | ${row.context}`, ...outline(row.children, depth + 1)]);

describe('a pool', () => {
  const instance = (name: string, changes?: Partial<TreeSnapshot>): RowSource => ({
    name,
    pool: 'api',
    declared: true,
    description: 'the back end',
    ...(changes && { tree: tree({ name, cpuPercent: 1, memoryBytes: 2 ** 20, ...changes }) }),
  });
  const poolOf = (...instances: RowSource[]): Row | undefined => buildRows([{ name: 'db', declared: true }, ...instances])[1];

  const cases: [string, RowSource[], string, string][] = [
    ['that does not run', [instance('api'), instance('api#2')], 'api | the back end | pool.idle.declared', 'layers'],
    ['of which a part runs', [instance('api', {}), instance('api#2')], 'api | 1/2 ready  1.0 %  1.0 MB | pool.some.declared', 'layers-dot'],
    [
      'of which all are ready',
      [instance('api', {}), instance('api#2', {})],
      'api | 2/2 ready  2.0 %  2.0 MB | pool.live.declared',
      'layers-active',
    ],
    [
      'of which one is being started',
      [instance('api', {}), instance('api#2', { state: 'starting' })],
      'api | 1/2 ready  2.0 %  2.0 MB | pool.live.declared',
      'layers-dot',
    ],
    [
      'of which one waits for its next start',
      [instance('api', {}), instance('api#2', { state: 'failed', endedAt: 5, nextStartAt: 9, cpuPercent: 0, memoryBytes: 0 })],
      'api | 1/2 ready  1.0 %  1.0 MB | pool.live.declared',
      'warning',
    ],
  ];
  it('of which one runs with an older declaration says so, and which', () => {
    const pool = poolOf({ ...instance('api', {}), changed: true }, instance('api#2', {}));
    assert.deepEqual(outline(pool ? [pool] : []).slice(0, 3), [
      'api | 2/2 ready  2.0 %  2.0 MB  changed; restart to apply | pool.live.declared',
      '  api#1 | 1.0 %  1.0 MB  changed; restart to apply | process.live.declared',
      '  api#2 | 1.0 %  1.0 MB | process.live.declared',
    ]);
  });

  for (const [what, instances, expected, icon] of cases) {
    it(`${what} is one row above its instances`, () => {
      const pool = poolOf(...instances);
      assert.deepEqual(outline(pool ? [pool] : [])[0], expected);
      assert.equal(pool?.icon, icon);
      assert.deepEqual(
        pool?.children.map(({ label }) => label),
        ['api#1', 'api#2'],
      );
    });
  }

  it('stands where its first instance does, in its group', () => {
    const grouped = buildRows([
      { ...instance('api'), group: 'app' },
      { name: 'web', declared: true, group: 'app' },
      { ...instance('api#2'), group: 'app' },
    ]);
    assert.deepEqual(
      grouped[0]?.children.map(({ label, kind }) => `${kind} ${label}`),
      ['pool api', 'process web'],
    );
  });
});

describe('the row of a process', () => {
  const row = (source: Partial<RowSource>): string | undefined =>
    buildRows([{ name: 'web', declared: true, tree: tree(), ...source }])[0]?.description;

  it('says that its declaration has changed, while it runs', () => {
    assert.equal(row({ changed: true }), '12.4 %  340 MB  changed; restart to apply');
    assert.equal(row({ changed: true, tree: tree({ state: 'exited', reason: 'exited with code 0', endedAt: 5 }) }), 'exited with code 0');
  });

  it('says that it is not declared any more', () =>
    assert.equal(row({ declared: false, undeclared: true }), '12.4 %  340 MB  no longer declared'));
});

describe('what a screen reader says', () => {
  const running = tree({ name: 'api', cpuPercent: 1, memoryBytes: 2 ** 20 });
  const cases: [string, RowSource[], string][] = [
    [
      'of a pool of which a part runs',
      [
        { name: 'api', pool: 'api', declared: true, tree: running },
        { name: 'api#2', pool: 'api', declared: true },
      ],
      'api, partly running, 1/2 ready  1.0 %  1.0 MB',
    ],
    ['of a pool that does not run', ['api', 'api#2'].map((name) => ({ name, pool: 'api', declared: true })), 'api, idle, '],
    ['of a process', [{ name: 'api', declared: true, tree: running }], 'api, live, 1.0 %  1.0 MB'],
    ['of a group', [{ name: 'api', declared: true, group: 'app' }], 'app, group, '],
  ];
  for (const [what, sources, expected] of cases) {
    it(`is plain words: ${what}`, () => assert.equal(buildRows(sources).map(spokenText)[0], expected));
  }
});

describe('a row', () => {
  const cases: [string, Partial<TreeSnapshot>, string, RegExp][] = [
    ['that is not ready yet', { state: 'starting' }, 'loading~spin', /starting$/],
    ['that is unhealthy', { health: 'unhealthy' }, 'warning', /unhealthy$/],
    ['that was restarted', { restarts: 2 }, 'circle-filled', /restarted 2 ×$/],
    [
      'that waits for its next start',
      { state: 'failed', reason: 'exited with code 3', endedAt: 5, nextStartAt: Date.UTC(2026, 0, 1, 12) },
      'debug-restart',
      /^restarts at \d\d:00:00 {2}exited with code 3$/,
    ],
  ];
  for (const [what, changes, icon, description] of cases) {
    it(`${what} says so`, () => {
      const [row] = buildRows([{ name: 'web', declared: true, tree: tree(changes) }]);
      assert.equal(row?.icon, icon);
      assert.match(row?.description ?? '', description);
      assert.equal(row?.context, 'process.live.declared');
    });
  }
});

describe('the processes of the view', () => {
  const sources: RowSource[] = [
    {
      name: 'web',
      declared: true,
      group: 'app',
      tree: tree({ cpuPercent: 5, memoryBytes: 100 * 2 ** 20, members: [member(42, 1, { name: 'esbuild' })] }),
    },
    { name: 'api', declared: true, description: 'the back end', tree: tree({ cpuPercent: 50, memoryBytes: 2 ** 20 }) },
    { name: 'db', declared: true },
  ];
  const orders: [SortBy, string[]][] = [
    ['declared', ['web', 'api', 'db']],
    ['name', ['api', 'db', 'web']],
    ['cpu', ['api', 'web', 'db']],
    ['memory', ['web', 'api', 'db']],
    ['nonsense' as SortBy, ['web', 'api', 'db']],
  ];
  for (const [by, expected] of orders) {
    it(`are sorted by ${by}`, () => {
      const shown = { figures: new ShownFigures(), members: new ShownMembers() };
      rowsOf(sources, shown);
      assert.deepEqual(
        sortSources(sources, by, shown).map(({ name }) => name),
        expected,
      );
    });
  }

  const filters: [string, string[]][] = [
    ['', ['web', 'api', 'db']],
    ['APP', ['web']],
    ['back', ['api']],
    ['42 esbuild', ['web']],
    ['x', []],
  ];
  for (const [words, expected] of filters)
    it(`are filtered by '${words}'`, () =>
      assert.deepEqual(
        filterSources(sources, words).map(({ name }) => name),
        expected,
      ));
});

describe('rows', () => {
  it('say what can be reached, and where', () => {
    const ports = [3001, 3000, 3000, 3002, 3003].map(
      (port, index) => ({ protocol: 'tcp', port, address: index === 2 ? '::' : '127.0.0.1' }) as const,
    );
    const udp = { protocol: 'udp', port: 5353, address: '0.0.0.0' } as const;
    const members = [member(1, 99, { ports: [...ports, udp] }), member(2, 1, { ports: ports.slice(0, 1) }), member(3, 1, { ports: [udp] })];
    assert.deepEqual(outline(buildRows([{ name: 'web', declared: true, tree: tree({ members }) }])), [
      'web | 12.4 %  340 MB  :3000 :3001 :3002 +1 | process.live.reachable.declared',
      '  p1 | 1  1.0 %  1.0 MB  :3000 :3001 :3002 +1 | member.reachable',
      '    p2 | 2  1.0 %  1.0 MB  :3001 | member.reachable',
      '    p3 | 3  1.0 %  1.0 MB | member',
    ]);
    assert.equal(describePorts(members), '[::]:3000, 127.0.0.1:3000, 127.0.0.1:3001, 127.0.0.1:3002, 127.0.0.1:3003, udp 0.0.0.0:5353');
  });

  it('are specs by group, trees, members by parent', () => {
    const rows = buildRows([
      { name: 'free', declared: true, description: 'what it is' },
      {
        name: 'web',
        declared: true,
        group: 'app',
        tree: tree({ members: [member(1, 99), member(2, 1), member(3, 2, { zombie: true }), member(4, 98, { stray: true })], zombies: 1 }),
      },
      { name: 'other', declared: true, group: 'app' },
      { name: 'nap', declared: false, tree: tree({ name: 'nap', group: 'Tasks' }) },
    ]);
    assert.deepEqual(outline(rows), [
      'free | what it is | process.idle.declared',
      'app | 1/2 | group',
      '  web | 12.4 %  340 MB  1 zombie | process.live.declared',
      '    p1 | 1  1.0 %  1.0 MB | member',
      '      p2 | 2  1.0 %  1.0 MB | member',
      '        p3 | 3  zombie | member',
      '    p4 | 4  1.0 %  1.0 MB  stray | member',
      '  other |  | process.idle.declared',
      'Tasks | 1/1 | group',
      '  nap | 12.4 %  340 MB | process.live',
    ]);
  });

  for (const [changes, description, icon] of [
    [{ state: 'starting' }, '12.4 %  340 MB  starting', 'loading~spin'],
    [{ state: 'stopping' }, '12.4 %  340 MB  stopping', 'loading~spin'],
    [{ state: 'exited', members: [member(1, 99)] }, '12.4 %  340 MB  exited, 1 member left', 'circle-filled'],
    [{ state: 'exited', endedAt: 1, reason: 'exited with code 0' }, 'exited with code 0', 'check'],
    [{ state: 'failed', endedAt: 1, reason: 'exited with code 3' }, 'exited with code 3', 'error'],
    [{ state: 'killed', endedAt: 1, reason: 'killed by the user' }, 'killed by the user', 'circle-slash'],
    [{ state: 'unkillable' }, '12.4 %  340 MB  unkillable', 'warning'],
  ] as const) {
    it(`tell the state ${changes.state}: ${description}`, () => {
      const [row] = buildRows([{ name: 'web', declared: true, tree: tree(changes) }]);
      assert.deepEqual([row?.description, row?.icon], [description, icon]);
    });
  }
});

describe('what has to be drawn again', () => {
  const rows = (members: MemberSnapshot[], cpuPercent = 1): Row[] =>
    buildRows([
      { name: 'web', declared: true, group: 'app', tree: tree({ members, cpuPercent }) },
      { name: 'free', declared: true },
    ]);

  it('is nothing where nothing has changed', () => assert.deepEqual(changedRows(rows([member(1, 9)]), rows([member(1, 9)])), []));

  it('is the row whose figures have changed, and no other', () => {
    assert.deepEqual(changedRows(rows([member(1, 9)]), rows([member(1, 9)], 2)), ['process:web']);
    assert.deepEqual(changedRows(rows([member(1, 9)]), rows([member(1, 9, { cpuPercent: 5 })])), ['member:id:1']);
  });

  it('is the parent whose children have come or gone', () => {
    assert.deepEqual(changedRows(rows([member(1, 9)]), rows([member(1, 9), member(2, 1)])), ['member:id:1']);
    assert.deepEqual(changedRows(rows([member(1, 9)]), rows([])), ['process:web']);
  });

  it('is everything where the top level has changed', () => assert.deepEqual(changedRows([], rows([])), [undefined]));
});

describe('the host of a row’s link', () => {
  const cases: [readonly string[], string, string][] = [
    [['127.0.0.1'], 'localhost', 'localhost'],
    [['0.0.0.0'], 'localhost', 'localhost'],
    [['::'], 'localhost', 'localhost'],
    [['::1', '127.0.0.1'], 'localhost', 'localhost'],
    [['::1'], '[::1]', 'localhost'],
    [['127.0.0.2'], '127.0.0.2', '127.0.0.2'],
    [['fd00::5'], '[fd00::5]', '[fd00::5]'],
    [[], 'localhost', 'localhost'],
  ];
  for (const [addresses, here, remote] of cases)
    it(`is where it listens: ${addresses.join(', ') || 'nowhere'}`, () => {
      const ports = addresses.map((address) => ({ protocol: 'tcp' as const, address, port: 3000 }));
      const members = [{ ports: [...ports, { protocol: 'udp' as const, address: '10.0.0.1', port: 3000 }] }, {}];
      assert.deepEqual([hostListening(members, 3000), hostListening(members, 3000, true)], [here, remote]);
    });
});
