import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { table } from '../../../src/cli/table.ts';
import { asLabel, asMessage } from '../../../src/extension/shownText.ts';
import { linesOf, visible } from '../../../src/protocol/visible.ts';
import { cpuMillisOf } from '../../support/hostileText.ts';
import { hostileTexts, plainTexts } from '../../support/hostileTexts.ts';
import { randomFrom } from '../../support/random.ts';

describe('text from outside', () => {
  for (const [what, text, shown] of hostileTexts) {
    it(`is shown as an escape: ${what}`, () => assert.equal(visible(text), shown));
  }

  for (const text of plainTexts) {
    it(`stays as it is: ${JSON.stringify(text)}`, () => assert.equal(visible(text), text));
  }

  it('has nothing left that is obeyed or hidden, whatever it is made of', () => {
    const seed = Number(process.env['TREE_WARDEN_SEED'] ?? Date.now() % 2 ** 31);
    console.log(`seed ${seed}`);
    const random = randomFrom(seed);
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: 40 }, () => String.fromCharCode(Math.floor(random() * (random() < 0.5 ? 0x100 : 0x10000)))).join(
        '',
      );
      const shown = visible(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/u, JSON.stringify(text));
      assert.equal(visible(shown), shown);
    }
  });

  it('takes time in proportion to its length', () => {
    const millisFor = (length: number): number => {
      const text = '\u001b[31m\ud800'.repeat(length);
      return cpuMillisOf(() => visible(text));
    };
    millisFor(10_000);
    assert.ok(millisFor(400_000) < 2000);
  });

  it('breaks no line of a message but where something is quoted below it', () => {
    assert.deepEqual(linesOf("There is no tree 'a\nb'."), ["There is no tree 'a\nb'."]);
    assert.deepEqual(linesOf("'web' failed. Last output:\none\ntwo"), ["'web' failed. Last output:", 'one', 'two']);
  });
});

describe('a table', () => {
  it('has one line a row, and its columns line up, whatever is in a cell', () => {
    for (const [what, text, shown] of hostileTexts) {
      const [header = '', row = '', other = ''] = table(
        ['NAME', 'STATE'],
        [
          [text, 'ready'],
          ['web', 'ready'],
        ],
        new Set(),
      );
      assert.equal(row, `${shown}  ready`, what);
      assert.equal(header.indexOf('STATE'), row.indexOf('ready', shown.length), what);
      assert.equal(other.indexOf('ready'), row.indexOf('ready', shown.length), what);
    }
  });
});

describe('text in the editor', () => {
  const cases: [string, string, string][] = [
    ['$(flame) x', '\\$(flame) x', '$(flame) x'],
    ['$(loading~spin)', '\\$(loading~spin)', '$(loading~spin)'],
    ['$(id)', '\\$(id)', '$(id)'],
    ['$HOME ${port:web}', '$HOME ${port:web}', '$HOME ${port:web}'],
    ['[x](command:workbench.action.quit)', '[x](command:workbench.action.quit)', '[x] (command:workbench.action.quit)'],
    ['[x](https://example.org "t")', '[x](https://example.org "t")', '[x] (https://example.org "t")'],
    ['a\u001b[0mb', 'a\\x1b[0mb', 'a\\x1b[0mb'],
  ];
  for (const [text, label, message] of cases) {
    it(`is neither picture nor link: ${JSON.stringify(text)}`, () => {
      assert.deepEqual([asLabel(text), asMessage(text)], [label, message]);
    });
  }

  it('keeps the lines of a message, not those of a label', () => {
    assert.deepEqual([asLabel('a\nb'), asMessage('a\nb\u202e')], ['a\\nb', 'a\nb\\u202e']);
  });
});
