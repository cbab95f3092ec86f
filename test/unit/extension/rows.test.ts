import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { changedRows } from '../../../src/extension/processTree/changedRows.ts';
import { type Row, type RowSource, spokenText } from '../../../src/extension/processTree/row.ts';
import { filterSources, buildRows as rowsOf, type SortBy, sortSources } from '../../../src/extension/processTree/rows.ts';
import { ShownFigures } from '../../../src/extension/processTree/shownFigures.ts';
import { ShownMembers } from '../../../src/extension/processTree/shownMembers.ts';
import { ShownRates } from '../../../src/extension/processTree/shownRates.ts';
import type { WatchStatus } from '../../../src/protocol/fileWatch.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import { describePorts, hostListening } from '../../../src/protocol/ports.ts';
import { nextTimeText } from '../../../src/protocol/schedule.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { endText } from '../../../src/protocol/trees.ts';
import { aMember, aTree } from '../../support/snapshots.ts';

const buildRows = (sources: readonly RowSource[]): Row[] =>
  rowsOf(sources, { figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() });

const member = (pid: number, parent: number, changes: Partial<MemberSnapshot> = {}): MemberSnapshot =>
  aMember(pid, { parent, cpuPercent: 1, memoryBytes: 2 ** 20, ...changes });

const tree = (changes: Partial<TreeSnapshot> = {}): TreeSnapshot =>
  aTree({ id: 'id' as TreeId, cpuPercent: 12.44, memoryBytes: 340 * 2 ** 20, ...changes });

const outline = (rows: readonly Row[], depth = 0): string[] =>
  rows.flatMap((row) => [`${'  '.repeat(depth)}${row.label} | ${row.description} | ${row.context}`, ...outline(row.children, depth + 1)]);

describe('a pool of jobs', () => {
  const counts = { maxConcurrent: 2, maxQueued: 10, whenFull: 'reject', running: 0, queued: 0, waiting: 0 } as const;
  const pool = (changes: Partial<RowSource['jobs']> = {}, more: Partial<RowSource> = {}): RowSource => ({
    ...{ name: 'build', pool: 'build', declared: true, jobs: { ...counts, ...changes }, ...more },
  });
  const job = (number: number): RowSource => ({
    ...{ name: `build+${number}`, pool: 'build', declared: false },
    tree: tree({ name: `build+${number}`, pool: 'build', cpuPercent: 1, memoryBytes: 2 ** 20 }),
  });
  const cases: [string, RowSource[], string[]][] = [
    ['without any', [pool()], ['build | no jobs | jobs.idle.declared']],
    ['without any, and a description', [pool({}, { description: 'makes it' })], ['build | makes it | jobs.idle.declared']],
    [
      'of which some run and wait',
      [pool({ running: 2, queued: 12 }), { name: 'db', declared: true }, job(3), job(4)],
      [
        'build | 2 running, 12 queued  2.0 %  2.0 MB | jobs.live.declared',
        '  build+3 | 1.0 %  1.0 MB | process.live.job',
        '  build+4 | 1.0 %  1.0 MB | process.live.job',
        'db |  | process.idle.declared',
      ],
    ],
    ['of which all wait', [pool({ queued: 1, waiting: 2 })], ['build | 1 queued, 2 waiting for a place in the queue | jobs.live.declared']],
    [
      'with a mistake in its declaration',
      [pool({}, { mistake: { message: 'must be at least 1', file: 'f', line: 1, column: 1 } })],
      ['build | must be at least 1 | jobs.idle.declared'],
    ],
  ];
  for (const [what, sources, rows] of cases) it(`${what} is one row`, () => assert.deepEqual(outline(buildRows(sources)), rows));
});

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
      'api | 2/2 ready  changed; restart to apply  2.0 %  2.0 MB | pool.live.declared',
      '  api#1 | changed; restart to apply  1.0 %  1.0 MB | process.live.declared',
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
    assert.equal(row({ changed: true }), 'changed; restart to apply  12.4 %  340 MB');
    assert.equal(row({ changed: true, tree: tree({ state: 'exited', reason: 'exited with code 0', endedAt: 5 }) }), 'exited with code 0');
  });

  const lookOf = (source: Partial<RowSource>): readonly unknown[] => {
    const [shown] = buildRows([{ name: 'web', declared: true, ...source }]);
    return [shown?.description, shown?.icon, shown?.context, shown?.stale];
  };

  it('says what it asks, by its end, before its figures', () => {
    const prompt = 'Are you sure that you want to continue connecting (yes/no)?';
    assert.deepEqual(lookOf({ tree: tree({ prompt: 'Name?' }) }).slice(0, 2), ['waits for input: Name?  12.4 %  340 MB', 'question']);
    assert.equal(row({ tree: tree({ prompt }) }), 'waits for input: …u want to continue connecting (yes/no)?  12.4 %  340 MB');
    assert.equal(lookOf({ tree: tree({ state: 'stopping', prompt: 'Name?' }) })[1], 'loading~spin');
    const asking = buildRows([{ name: 'web', declared: true, tree: tree({ prompt: 'Name?' }) }]);
    assert.equal(asking[0]?.asks, true);
    assert.deepEqual(changedRows(asking, buildRows([{ name: 'web', declared: true, tree: tree() }])), ['process:web']);
  });

  it('says why it could not be started, also where it has run before', () => {
    const failed = ['There is no such command.', 'error', 'process.failed.declared', undefined];
    assert.deepEqual(lookOf({ failure: 'There is no such command.' }), failed);
    assert.deepEqual(lookOf({ failure: 'There is no such command.', tree: tree({ state: 'exited', endedAt: 5 }) }), failed);
  });

  it('says that its policy has given it up', () => {
    const ended = { state: 'failed', reason: 'exited with code 3', endedAt: 5 } as const;
    assert.equal(row({ tree: tree({ ...ended, restarts: 5, gaveUp: true }) }), 'exited with code 3  gave up after 5 restarts');
    assert.equal(row({ tree: tree({ ...ended, restarts: 1, gaveUp: true }) }), 'exited with code 3  gave up after 1 restart');
    assert.equal(row({ tree: tree({ ...ended, restarts: 5 }) }), 'exited with code 3');
  });

  it('looks stale where its file and what runs differ', () => {
    const place = { file: 'file:///w', line: 1, column: 1 };
    const running = { tree: tree() };
    const ended = { tree: tree({ state: 'exited', reason: 'ended', endedAt: 5 }) };
    const stale = (source: Partial<RowSource>): unknown => lookOf(source)[3];
    assert.equal(stale({ ...running, changed: true }), 'changed');
    assert.equal(stale({ ...ended, changed: true }), undefined, 'the next start has the new one');
    assert.equal(stale({ ...running, declared: false, undeclared: true }), 'undeclared');
    assert.equal(stale({ ...running, mistake: { ...place, message: 'no' } }), 'kept');
    for (const source of [{}, running, ended]) assert.equal(stale({ ...source, kept: true }), 'kept');
    assert.equal(row({ kept: true }), 'as last read; processes.json has an error  12.4 %  340 MB');
    assert.equal(lookOf({ kept: true })[0], 'as last read; processes.json has an error');
    assert.equal(stale({}), undefined);
  });

  it('says that it is not declared any more', () =>
    assert.equal(row({ declared: false, undeclared: true }), 'no longer declared  12.4 %  340 MB'));
});

describe('the row of a process that waits for others', () => {
  it('says for which, and can be stopped', () =>
    assert.deepEqual(outline(buildRows([{ name: 'api', declared: true, description: 'the back end', waitsFor: ['db', 'migrate'] }])), [
      'api | waits for db, migrate | process.waiting.declared',
    ]));

  it('says so in a pool', () => {
    const instance = (name: string): RowSource => ({ name, pool: 'api', declared: true, waitsFor: ['db'] });
    assert.deepEqual(outline(buildRows([instance('api'), instance('api#2')])), [
      'api | waits for db | pool.some.declared',
      '  api#1 | waits for db | process.waiting.declared',
      '  api#2 | waits for db | process.waiting.declared',
    ]);
  });
});

describe('the row of a process with a schedule', () => {
  const nextRun = 'next at 03:00';
  const source = (changes: Partial<RowSource> = {}): RowSource => ({
    ...{ name: 'api', declared: true, description: 'the back end', schedule: { isArmed: true, nextAt: 9 }, nextRun },
    ...changes,
  });
  const ended = (changes: Partial<TreeSnapshot>): TreeSnapshot => tree({ endedAt: 5, members: [], ...changes });
  const failed = ended({ state: 'failed', reason: 'exited with code 3', exit: { code: 3, signal: null } });
  const cases: readonly (readonly [string, RowSource, string])[] = [
    ['says when it runs next', source(), `api | ${nextRun} | process.armed.declared`],
    [
      'says the same after a run that has succeeded',
      source({ tree: ended({ state: 'succeeded' }) }),
      `api | ${nextRun} | process.armed.declared`,
    ],
    ['says how its last run has failed', source({ tree: failed }), `api | ${endText(failed)}  ${nextRun} | process.armed.declared`],
    [
      'says why it could not be started',
      source({ failure: "'api' was not started: no." }),
      `api | was not started: no.  ${nextRun} | process.armed.declared`,
    ],
    ['waits for others like any', source({ waitsFor: ['db'] }), 'api | waits for db | process.waiting.declared'],
    [
      'is that of any that runs',
      source({ tree: tree(), schedule: { isArmed: true, isQueued: true } }),
      'api | runs once more  12.4 %  340 MB | process.live.declared',
    ],
    [
      'is that of any where it does not wait for its time',
      source({ schedule: { isArmed: false }, nextRun: '' }),
      'api | the back end | process.idle.declared',
    ],
  ];
  for (const [what, one, expected] of cases) it(what, () => assert.deepEqual(outline(buildRows([one])).slice(0, 1), [expected]));

  it('says so in a pool, which can be started and stopped', () => {
    const instance = (name: string): RowSource => source({ name, pool: 'api' });
    assert.deepEqual(outline(buildRows([instance('api'), instance('api#2')])), [
      `api | ${nextRun} | pool.some.declared`,
      `  api#1 | ${nextRun} | process.armed.declared`,
      `  api#2 | ${nextRun} | process.armed.declared`,
    ]);
  });

  it('has the time of day, and the date where that is another one', () => {
    const now = new Date(2026, 0, 1, 1).getTime();
    const of = (nextAt: number | undefined): string => nextTimeText({ isArmed: true, ...(nextAt !== undefined && { nextAt }) }, now);
    assert.equal(of(new Date(2026, 0, 1, 3).getTime()), nextRun);
    assert.equal(of(new Date(2026, 0, 2, 0, 30).getTime()), 'next on 2026-01-02 00:30');
    assert.equal(of(undefined), 'no further time');
    assert.equal(nextTimeText({ isArmed: false, nextAt: 9 }, now), '');
  });
});

describe('the row of a process whose files are watched', () => {
  const last = { at: 500, by: 'restart', file: 'src/a.ts', more: 0 } as const;
  const cases: readonly (readonly [string, WatchStatus, Partial<TreeSnapshot>, string])[] = [
    [
      'says by which change it was restarted',
      { state: 'watching', last },
      { startedAt: 501 },
      '12.4 %  340 MB  restarted: src/a.ts changed | process.live.watching.declared',
    ],
    [
      'says so while it is being restarted',
      { state: 'watching', last: { ...last, more: 2 } },
      { startedAt: 499 },
      '12.4 %  340 MB  restarting: src/a.ts and 2 more changed | process.live.watching.declared',
    ],
    [
      'names the signal',
      { state: 'watching', last: { ...last, by: 'signal', signal: 'SIGHUP' } },
      {},
      '12.4 %  340 MB  SIGHUP sent: src/a.ts changed | process.live.watching.declared',
    ],
    [
      'says what a change waits for',
      { state: 'watching', waitsFor: 'rebase', last },
      {},
      'waits for the end of a rebase  12.4 %  340 MB | process.live.watching.declared',
    ],
    ['says that watching is paused', { state: 'paused', last }, {}, 'watching paused  12.4 %  340 MB | process.live.unwatched.declared'],
    [
      'says that it changes its own files',
      { state: 'looping', last },
      {},
      'watching stopped: it changes its own files  12.4 %  340 MB | process.live.unwatched.declared',
    ],
    ['says that its files are not watched', { state: 'failed' }, {}, 'files not watched  12.4 %  340 MB | process.live.unwatched.declared'],
  ];
  for (const [behaviour, watch, changes, expected] of cases)
    it(behaviour, () => {
      const [row = ''] = outline(buildRows([{ name: 'api', declared: true, tree: tree({ name: 'api', ...changes }), watch }]));
      assert.equal(row, `api | ${expected}`);
    });

  it('says that the next change starts it, where it has ended by itself', () => {
    const ended = tree({ name: 'api', state: 'failed', reason: 'exited with code 3', endedAt: 9, members: [] });
    assert.deepEqual(outline(buildRows([{ name: 'api', declared: true, tree: ended, watch: { state: 'watching', last } }])), [
      'api | exited with code 3  waits for a change of its files | process.ended.watching.declared',
    ]);
  });

  it('says nothing of files before its start, and can be started', () =>
    assert.deepEqual(outline(buildRows([{ name: 'api', declared: true, watch: { state: 'off' } }])), ['api |  | process.idle.declared']));

  it('leaves it to the row of its pool', () => {
    const instance = (name: string): RowSource => ({
      name,
      pool: 'api',
      declared: true,
      tree: tree({ name, startedAt: 9 }),
      watch: { state: 'watching', last },
    });
    assert.deepEqual(outline(buildRows([instance('api'), instance('api#2')])), [
      'api | 2/2 ready  24.9 %  680 MB  restarting: src/a.ts changed | pool.live.watching.declared',
      '  api#1 | 12.4 %  340 MB | process.live.declared',
      '  api#2 | 12.4 %  340 MB | process.live.declared',
    ]);
  });
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
    ['that is not ready yet', { state: 'starting' }, 'loading~spin', /^starting {2}/],
    ['that is unhealthy', { health: 'unhealthy' }, 'warning', /^unhealthy {2}/],
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
      const shown = { figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() };
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
      'app | 1/2 | group.startable.restartable.stoppable',
      '  web | 12.4 %  340 MB  1 zombie | process.live.declared',
      '    p1 | 1  1.0 %  1.0 MB | member',
      '      p2 | 2  1.0 %  1.0 MB | member',
      '        p3 | 3  zombie | member',
      '    p4 | 4  stray  1.0 %  1.0 MB | member',
      '  other |  | process.idle.declared',
      'Tasks | 1/1 | group.restartable.stoppable',
      '  nap | 12.4 %  340 MB | process.live',
    ]);
  });

  for (const [changes, description, icon] of [
    [{ state: 'starting' }, 'starting  12.4 %  340 MB', 'loading~spin'],
    [{ state: 'stopping' }, 'stopping  12.4 %  340 MB', 'loading~spin'],
    [{ state: 'exited', members: [member(1, 99)] }, 'exited, 1 member left  12.4 %  340 MB', 'circle-filled'],
    [{ state: 'succeeded', endedAt: 1, reason: 'exited with code 0', exit: { code: 0, signal: null } }, 'succeeded', 'check'],
    [
      { state: 'succeeded', endedAt: 1, reason: 'exited with code 3', exit: { code: 3, signal: null } },
      'succeeded, exited with code 3',
      'check',
    ],
    [{ state: 'exited', stopped: true, endedAt: 1, reason: 'stopped by the user' }, 'stopped by the user', 'circle-slash'],
    [{ state: 'exited', endedAt: 1, reason: 'exited with code 0' }, 'exited with code 0', 'check'],
    [{ state: 'failed', endedAt: 1, reason: 'exited with code 3' }, 'exited with code 3', 'error'],
    [{ state: 'killed', endedAt: 1, reason: 'killed by the user' }, 'killed by the user', 'circle-slash'],
    [{ state: 'unkillable' }, 'unkillable  12.4 %  340 MB', 'warning'],
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
