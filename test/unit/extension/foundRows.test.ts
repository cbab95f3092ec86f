import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FoundSource, filterFound, foundRows, withoutFound } from '../../../src/extension/processTree/foundRows.ts';
import { mistakeRows } from '../../../src/extension/processTree/mistakeRows.ts';
import { type Row, type RowSource, type Shown, spokenText } from '../../../src/extension/processTree/row.ts';
import { buildRows } from '../../../src/extension/processTree/rows.ts';
import { ShownFigures } from '../../../src/extension/processTree/shownFigures.ts';
import { ShownMembers } from '../../../src/extension/processTree/shownMembers.ts';
import { ShownRates } from '../../../src/extension/processTree/shownRates.ts';
import { aTree } from '../../support/snapshots.ts';

const shown = (): Shown => ({ figures: new ShownFigures(), members: new ShownMembers(), rates: new ShownRates() });
const script = (name: string): FoundSource => ({ name, command: `npm run ${name}`, source: 'package.json' });
const running = (name: string, declared = false): RowSource => ({
  name,
  declared,
  tree: aTree({ name, cpuPercent: 1, memoryBytes: 2 ** 20 }),
});
const outline = (rows: readonly Row[], depth = 0): string[] =>
  rows.flatMap((row) => [`${'  '.repeat(depth)}${row.label} | ${row.description} | ${row.context}`, ...outline(row.children, depth + 1)]);
const group = (sources: readonly FoundSource[], processes: readonly RowSource[] = [], isOpen = true): Row[] =>
  foundRows({ label: 'Found', sources, isOpen }, processes, shown());

describe('what was found', () => {
  it('is one group of gray rows, and none where nothing was', () => {
    assert.deepEqual(outline(group([script('dev'), { name: 'make run', command: 'make run', source: 'Makefile' }])), [
      'Found | 2 | group',
      '  dev | npm run dev  package.json | found.idle',
      '  make run | Makefile | found.idle',
    ]);
    assert.deepEqual(group([]), []);
  });

  it('stays where it is while it runs, and when it has ended', () => {
    const ended = { ...running('test'), tree: aTree({ name: 'test', state: 'exited', endedAt: 5, reason: 'exited with code 0' }) };
    const processes = [running('dev'), ended, running('other')];
    const sources = [script('dev'), script('test'), script('lint')];
    assert.deepEqual(
      outline(group(sources, processes)).filter((line) => !line.startsWith('    ')),
      [
        'Found | 1/3 | group.restartable.stoppable',
        '  dev | 1.0 %  1.0 MB | process.live.found',
        '  test | exited with code 0 | process.ended.found',
        '  lint | npm run lint  package.json | found.idle',
      ],
    );
    assert.deepEqual(
      withoutFound(processes, sources).map(({ name }) => name),
      ['other'],
    );
  });

  it('does not take a declared process of its name', () => {
    const processes = [running('dev', true)];
    assert.deepEqual(withoutFound(processes, [script('dev')]), processes);
    assert.match(outline(group([script('dev')], processes))[1] ?? '', /found\.idle$/);
  });

  it('has fifty rows of what does not run, and says how many more there are', () => {
    const sources = Array.from({ length: 170 }, (_, index) => script(`s${index}`));
    const [found] = group(sources, [running('s160')]);
    assert.equal(found?.children.length, 52);
    assert.deepEqual(outline(found?.children.slice(-1) ?? []), ['… 119 more |  | more.found']);
    assert.equal(found?.description, '1/170');
    assert.ok(
      found?.children.some(({ label }) => label === 's160'),
      'what runs is always shown',
    );
  });

  it('is closed where the user’s own file comes first', () => {
    assert.equal(group([script('dev')], [], false)[0]?.isClosed, true);
    assert.equal(group([script('dev')])[0]?.isClosed, false);
  });

  it('is filtered by its name, its command and its file', () => {
    const sources = [script('dev'), { name: 'make run', command: 'make run', source: 'Makefile' }];
    for (const [filter, names] of [
      ['npm', ['dev']],
      ['makefile', ['make run']],
      ['run', ['dev', 'make run']],
      ['run dev pack', ['dev']],
    ] as const)
      assert.deepEqual(
        filterFound(sources, filter).map(({ name }) => name),
        names,
      );
  });

  it('is said to a screen reader', () =>
    assert.equal(spokenText(group([script('dev')])[0]?.children[0] as Row), 'dev, idle, npm run dev  package.json'));

  it('says why it could not be started', () => {
    const row = group([{ ...script('dev'), failure: 'There is no such command.' }])[0]?.children[0] as Row;
    assert.deepEqual([spokenText(row), row.icon, row.context], ['dev, failed, There is no such command.', 'error', 'found.failed']);
  });
});

describe('a mistake', () => {
  const at = { file: 'file:///w/.vscode/processes.json', line: 3, column: 4 };

  it('is a row that opens its place, without what its label says', () => {
    const rows = mistakeRows(
      [
        { name: 'api', message: 'processes.api.stop: there is no signal X', ...at },
        { name: 'db', message: "processes.db: there is no key 'x'", ...at },
        { message: 'processes.json: no', ...at },
        { name: 'kept', message: 'processes.kept.stop: no', ...at },
      ],
      new Set(['kept']),
    );
    assert.deepEqual(outline(rows), [
      'api | stop: there is no signal X | mistake.error',
      "db | there is no key 'x' | mistake.error",
      'processes.json | processes.json: no | mistake.error',
    ]);
    assert.deepEqual(rows[0]?.place, at);
    assert.deepEqual([rows[0]?.icon, rows[0]?.colour], ['error', 'charts.red']);
    assert.equal(spokenText(rows[0] as Row), 'api, error, stop: there is no signal X');
  });

  it('is said of what runs, or could, with the declaration from before', () => {
    const mistake = { message: 'stop: no', ...at };
    const [live, idle] = buildRows(
      [
        { ...running('api', true), mistake },
        { name: 'db', declared: true, mistake },
      ],
      shown(),
    );
    assert.equal(live?.description, 'mistake in processes.json: stop: no  1.0 %  1.0 MB');
    assert.deepEqual([idle?.description, idle?.icon, idle?.context], ['stop: no', 'error', 'process.idle.declared']);
    assert.deepEqual([live?.place, idle?.place], [at, at]);
  });

  it('has fifty rows at most', () =>
    assert.equal(
      mistakeRows(
        Array.from({ length: 60 }, (_, index) => ({ name: `n${index}`, message: 'no', ...at })),
        new Set(),
      ).length,
      50,
    ));
});
