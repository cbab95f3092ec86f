/** The screen of `tree-warden top` without a terminal: its rows, its keys, and what it draws. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import stringWidth from 'string-width';
import { firstShown, frameOf, layoutOf, type Mode, type TopState } from '../../../src/cli/top/frame.ts';
import { OutputPane } from '../../../src/cli/top/outputPane.ts';
import { fitted } from '../../../src/cli/top/text.ts';
import { actionOf, editedLine, maxLine, pastedLine } from '../../../src/cli/top/topKeys.ts';
import type { TopRow } from '../../../src/cli/top/topModel.ts';
import { topRows } from '../../../src/cli/top/topRows.ts';
import type { NameStatus } from '../../../src/protocol/declare.ts';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { hostileTexts, plainTexts } from '../../support/hostileTexts.ts';
import { aMember, aTree } from '../../support/snapshots.ts';

const tree = (changes: Partial<TreeSnapshot> = {}): TreeSnapshot => aTree({ id: 'id' as TreeId, name: 'api', ...changes });

const status = (name: string, changes: Partial<NameStatus> = {}): NameStatus => ({
  name,
  instances: 1,
  desired: [],
  running: [],
  ...changes,
});

const rowsOf = (trees: readonly TreeSnapshot[], names: readonly NameStatus[] = []): readonly TopRow[] =>
  topRows([{ id: 'w', place: '', names, trees }]);

describe('the rows', () => {
  const texts = (trees: readonly TreeSnapshot[], names?: readonly NameStatus[]): string[] =>
    rowsOf(trees, names).map(({ depth, label, state, note, isLive }) => `${'>'.repeat(depth)}${label} ${state} ${isLive} ${note}`.trim());

  it('are in the order of their declaration, and what is started otherwise is behind', () => {
    const trees = [tree({ name: 'other' }), tree({ name: 'b#2', pool: 'b' }), tree({ name: 'b', pool: 'b' })];
    assert.deepEqual(texts(trees, [status('a'), status('b', { instances: 2 })]), [
      'a stopped false',
      'b#2 ready true',
      'b#1 ready true',
      'other ready true',
    ]);
  });

  it('of what has ended, have the newest of a name, and none that a successor has', () => {
    const old = tree({ id: 'old' as TreeId, state: 'failed', reason: 'exited with code 3', startedAt: 1, endedAt: 2 });
    assert.deepEqual(texts([old, tree()]), ['api ready true']);
    const newer = { ...old, id: 'new' as TreeId, reason: 'exited with code 4', startedAt: 3, endedAt: 4 };
    assert.deepEqual(texts([newer, old]), ['api failed false exited with code 4']);
    assert.deepEqual(texts([{ ...old, restarting: true }]), []);
  });

  it('say what a process asks, waits for, or has failed by', () => {
    assert.deepEqual(texts([tree({ prompt: 'Name?' })]), ['api ready true waits for input: Name?']);
    assert.deepEqual(
      texts(
        [],
        [
          status('a', { waitsFor: [{ name: 'db', condition: 'ready' }] }),
          status('b', { problem: 'No such file.' }),
          status('c', { failures: [{ name: 'c', message: 'Cannot start c.' }] }),
        ],
      ),
      ['a waiting true waits for db', 'b failed false No such file.', 'c failed false Cannot start c.'],
    );
  });

  it('have members below, which act as their tree', () => {
    const [own, member] = rowsOf([tree({ members: [aMember(7, { name: 'sh' })] })]);
    assert.deepEqual([member?.depth, member?.label, member?.pid, member?.tree, member?.name], [1, 'sh', 7, own?.tree, 'api']);
    assert.notEqual(member?.key, own?.key);
  });
});

const state = (changes: Partial<TopState> = {}): TopState => ({
  size: { columns: 80, rows: 24 },
  rows: rowsOf([tree({ cpuPercent: 12.4, memoryBytes: 2 ** 20 }), tree({ name: '日本語', prompt: 'Name?' })]),
  selected: 0,
  filter: '',
  mode: { at: 'list' },
  message: '',
  now: 0,
  output: ['one', 'two'],
  scrolledBy: 0,
  colours: true,
  ...changes,
});

describe('a frame', () => {
  it('has as many lines as the screen, none of them wider, whatever is in it', () => {
    const texts = ['x'.repeat(500), '日本語'.repeat(50), '👩‍👩‍👧‍👦'.repeat(50), ...hostileTexts.map(([, text]) => text), ...plainTexts];
    const modes: Mode[] = [
      { at: 'list' },
      { at: 'help' },
      ...texts.flatMap((text): Mode[] => [
        { at: 'filter', text },
        { at: 'type', text },
      ]),
    ];
    for (const columns of [1, 39, 40, 62, 72, 80, 100, 250])
      for (const rows of [1, 10, 24])
        for (const [index, mode] of modes.entries()) {
          const text = texts[index % texts.length] ?? '';
          const one = tree({ name: text, prompt: text, reason: text, members: [aMember(1, { name: text })] });
          const shown = rowsOf([one, tree({ name: `${text}2` })]);
          const lines = frameOf(
            state({ size: { columns, rows }, mode, message: text, filter: text, rows: shown, output: [], selected: index % 3 }),
          );
          assert.equal(lines.length, rows);
          for (const line of lines) {
            assert.ok(stringWidth(line) <= columns, `${columns}×${rows}: ${JSON.stringify(line)} has ${stringWidth(line)} columns`);
            // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
            assert.doesNotMatch(line.replaceAll(/\x1b\[[\d;]*m/g, ''), /[\u0000-\u001f\u007f-\u009f]/);
          }
        }
  });

  it('shows the keys, how to leave among them, at 80 columns', () => {
    assert.match(frameOf(state()).at(-1) ?? '', /\? help q quit/);
  });

  it('shows the state by a word too, and has no colours where none are wanted', () => {
    const lines = frameOf(state({ colours: false })).join('\n');
    assert.match(lines, /日本語 +\? ready/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: this is what is looked for
    assert.doesNotMatch(lines, /\x1b\[[0-9;]*3[0-9]/);
  });

  it('keeps the selected row in sight', () => {
    for (const count of [0, 1, 5, 100])
      for (let selected = 0; selected < count; selected++) {
        const first = firstShown(selected, count, 10);
        assert.ok(first >= 0 && selected >= first && selected < first + 10, `${selected} of ${count}: from ${first}`);
      }
  });

  it('gives the output at least as much room as the list, and nothing goes beyond the screen', () => {
    for (const rows of [10, 24, 60])
      for (const count of [0, 3, 50]) {
        const { list, output } = layoutOf({ columns: 80, rows }, count);
        assert.ok(list >= 3 && list <= output + 1 && list + output + 5 === rows);
      }
  });
});

describe('a text of a given width', () => {
  const cases: [text: string, columns: number, shown: string][] = [
    ['api', 5, 'api  '],
    ['a long name', 6, 'a lon…'],
    ['日本語', 5, '日本…'],
    ['日本語', 4, '日… '],
    ['a\x1b[2Jb', 10, 'a\\x1b[2Jb '],
    ['api', 0, ''],
  ];
  for (const [text, columns, shown] of cases) it(`${JSON.stringify(text)} in ${columns}`, () => assert.equal(fitted(text, columns), shown));
});

describe('keys', () => {
  it('mean what the help says, and nothing with Control', () => {
    assert.deepEqual(actionOf('K', { name: 'k', shift: true }), { do: 'kill' });
    assert.deepEqual(actionOf('k', { name: 'k' }), { do: 'move', by: -1 });
    assert.deepEqual(actionOf('', { name: 'pageup' }), { do: 'scroll', by: 1 });
    assert.equal(actionOf('x', { name: 'x', ctrl: true }), undefined);
    assert.equal(actionOf('x', { name: 'x', meta: true }), undefined);
    assert.equal(actionOf('constructor', { name: 'toString' }), undefined);
  });

  it('write a line', () => {
    const typed = (line: string, text: string, name = text, ctrl = false): unknown => editedLine(line, text, { name, ctrl });
    assert.deepEqual(typed('a', 'b'), { line: 'ab', done: false });
    assert.deepEqual(typed('a👍', '', 'backspace'), { line: 'a', done: false });
    assert.deepEqual(typed('abc', '\x15', 'u', true), { line: '', done: false });
    assert.deepEqual(typed('a', '\x1b[A', 'up'), { line: 'a', done: false });
    assert.deepEqual(typed('a', '\r', 'return'), { line: 'a', done: true });
    assert.equal(typed('a', '\x1b', 'escape'), undefined);
    assert.equal((typed('x'.repeat(4096), 'y') as { line: string }).line.length, 4096);
  });
});

describe('pasted text', () => {
  it('is text, with its line breaks and tabs, and never longer than a line may be', () => {
    const paste = (text: string): string | undefined =>
      [...text].reduce<string | undefined>((line, character) => (line === undefined ? undefined : pastedLine(line, character)), '');
    assert.equal(paste('x y\tz\r\x15\x03q'), 'x y\tz\nq');
    assert.equal(paste('👍'), '👍');
    assert.equal(paste('x'.repeat(maxLine))?.length, maxLine);
    assert.equal(paste('x'.repeat(maxLine + 1)), undefined);
  });

  it('is shown with its line breaks, and no half of a character', () => {
    const shown = (text: string): string | undefined => frameOf({ ...state(), mode: { at: 'type', text } }).at(-2);
    assert.match(shown('a\nb') ?? '', /^type: a\\nb█ +$/);
    assert.doesNotMatch(shown(`${'👍'.repeat(90)}a`) ?? '', /\\u/);
  });
});

describe('the output', () => {
  it('is what a terminal shows at last, with its colours and nothing else', async () => {
    using pane = new OutputPane(20, 5, false);
    await pane.write(
      '10%\r20%\r\x1b[32mdone\x1b[0m \x1b[1;38;2;1;2;3mx\x1b[0m\r\n\x1b]0;title\x07\x1b[6n\x1b[?1049hfull\x1b[?1049l日本\r\n',
    );
    assert.deepEqual(pane.lines(5, 0, true), ['\x1b[0;38;5;2mdone\x1b[0m \x1b[0;1;38;2;1;2;3mx', '日本']);
    assert.deepEqual(pane.lines(5, 0, false), ['done x', '日本']);
  });

  it('is scrolled within what is kept', async () => {
    using pane = new OutputPane(20, 5, true);
    await pane.write(Array.from({ length: 5000 }, (_, line) => `${line}\n`).join(''));
    assert.deepEqual(pane.lines(2, 0, false), ['4998', '4999']);
    assert.deepEqual(pane.lines(2, 10, false), ['4988', '4989']);
    assert.ok(pane.length <= 2005);
    assert.deepEqual(pane.lines(2, 10_000, false), []);
    pane.resize(3, 2);
    assert.equal(pane.lines(2, 0, false).join(''), '4999', 'a narrower one wraps');
  });
});
