import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Row, rowOf, rowOfPool } from '../../../src/extension/processTree/row.ts';
import { calledOn } from '../../../src/extension/running/calledOn.ts';

const [web, db, api] = ['web', 'db', 'api'].map((name) => ({ ...rowOf(name), context: 'process.idle' })) as [Row, Row, Row];
const grown: Row = { ...web, context: 'process.live' };
const pool: Row = { ...rowOfPool('web'), context: 'pool.idle' };
const found: Row = { ...web, kind: 'found', context: 'found.idle' };

/** Names and contexts of the rows that the command gets. */
function called(args: readonly unknown[], selection: readonly Row[] | undefined): readonly string[] | 'lost' | 'unfocused' {
  const on = calledOn(args, { selection, current: ({ id }) => (id === web.id ? grown : undefined) });
  return typeof on === 'string' ? on : on.rows.map(({ kind, process, context }) => `${kind} ${process} ${context}`);
}

describe('what a command is called on', () => {
  const cases: [string, readonly unknown[], readonly Row[] | undefined, readonly string[] | 'lost' | 'unfocused'][] = [
    ['nothing, from the palette, whatever is selected', [], [db], []],
    ['its row, as it is now', [web], [], ['process web process.live']],
    ['its row, where the selected ones are others', [db, undefined], [api, web], ['process db process.idle']],
    ['all selected rows, its own first, each once', [db, [api, db]], [], ['process db process.idle', 'process api process.idle']],
    ['a pool, and not its first instance', [pool], [], ['pool web pool.idle']],
    ['what was found, as the process that it is now', [found], [], ['process web process.live']],
    ['a row that the editor does not know any more', [undefined], [], 'lost'],
    ['the same, with others that are selected', [undefined, [api, db]], [api, db], 'lost'],
    ['the focused row, by a key', [[db]], [], ['process db process.idle']],
    ['the focused row, by a key, where others are selected', [[db]], [api, web], ['process db process.idle']],
    [
      'all selected rows, by a key, where the focused one is one of them',
      [[db]],
      [api, db],
      ['process api process.idle', 'process db process.idle'],
    ],
    ['selected rows of which the editor does not know all any more', [db, [api, undefined, db]], [api, db], 'lost'],
    ['the same, by a key', [[db]], undefined, 'lost'],
    ['no row, by a key, where the editor knows none that has the focus', [[undefined]], [], 'unfocused'],
    ['no row, by a key, where it knows a selected one only', [[undefined]], [api], 'unfocused'],
    ['nothing, by a call of another extension', ['text'], [api], []],
  ];
  for (const [what, args, selection, expected] of cases) it(`is ${what}`, () => assert.deepEqual(called(args, selection), expected));
});
