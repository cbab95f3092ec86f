import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from '../../../src/build/paths.ts';
import { l10nBundleFile } from '../../../src/build/reference/l10nBundle.ts';
import { reasonOf, textOfError } from '../../../src/protocol/errorReasons.ts';
import { localizedTree } from '../../../src/protocol/localizedTree.ts';
import {
  asReason,
  isTextData,
  Localizable,
  localizable,
  reasonIn,
  rendered,
  type Text,
  type TextData,
  textFrom,
  texts,
} from '../../../src/protocol/texts.ts';
import { RequestError } from '../../../src/warden/requestError.ts';
import { aTree } from '../../support/snapshots.ts';

/** As it comes over the wire. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Translates what is said into shouting. */
const shouted = (text: Text): string =>
  typeof text === 'string'
    ? text
    : rendered(text, (template, values) =>
        template.toUpperCase().replaceAll(/\{(\d+)\}/g, (_, index: string) => values[Number(index)] ?? ''),
      );

describe('every text of the wardens', () => {
  it('has a sentence to be translated from in the bundle', () => {
    const bundle = JSON.parse(readFileSync(join(root, l10nBundleFile), 'utf8')) as Record<string, string>;
    for (const text of Object.values(texts)) assert.equal(bundle[text], text);
  });

  it('is used', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.endsWith('protocol/texts.ts'))
      .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
      .join('\n');
    assert.deepEqual(
      Object.keys(texts).filter((code) => !sources.includes(`'${code}'`)),
      [],
    );
  });

  it('has its values numbered from 0', () => {
    for (const text of Object.values(texts)) {
      const numbers = [...new Set(Array.from(text.matchAll(/\{(\d+)\}/g), ([, number]) => Number(number)))].sort();
      assert.deepEqual(
        numbers,
        numbers.map((_, index) => index),
        text,
      );
    }
  });
});

describe('a text', () => {
  const end = localizable('because', localizable('exitedWithCode', 3), localizable('memoryLimit', '1 GB', '{1}'));

  it('is English by itself, with texts inside', () => {
    assert.equal(`${end}`, 'exited with code 3: its memory limit of 1 GB was reached ({1})');
    const survivors = ['a', 'b'].map((name, index) => localizable('survivor', name, index, localizable('uninterruptible')));
    assert.equal(
      String(localizable('stillAlive', survivors)),
      'still alive after SIGKILL: a (pid 0): it is in an uninterruptible wait in the kernel; b (pid 1): it is in an uninterruptible wait in the kernel',
    );
  });

  it('is translated with the texts inside', () => {
    assert.equal(shouted(textFrom('x', sent(end))), 'EXITED WITH CODE 3: ITS MEMORY LIMIT OF 1 GB WAS REACHED ({1})');
  });

  const unknown: [string, unknown][] = [
    ['nothing, as an older side sends it', undefined],
    ['a code of a newer side', { code: 'notYetKnown', values: [] }],
    ['a code of a newer side inside', { code: 'notAlive', values: [{ code: 'notYetKnown', values: [] }] }],
    ['a property of every object', { code: 'constructor', values: [] }],
    ['no values', { code: 'running' }],
    ['a value that is none', { code: 'exitedWithCode', values: [null] }],
    ['a list in a list', { code: 'stillAlive', values: [[[]]] }],
    ['a value without end', { code: 'exitedWithCode', values: ['x'.repeat(200_000)] }],
    ['values without end', { code: 'exitedWithCode', values: Array.from({ length: 20_000 }, () => 1) }],
    ['texts without end', Array.from({ length: 20 }).reduce((inner: unknown) => ({ code: 'notAlive', values: [inner ?? 1] }), undefined)],
  ];
  for (const [what, data] of unknown)
    it(`is the English one that came with ${what}`, () => {
      assert.equal(isTextData(data), false);
      assert.equal(shouted(textFrom('as it was said', data)), 'as it was said');
    });

  it('goes with a request, and is the plain reason where it is none', () => {
    assert.deepEqual(sent(asReason(localizable('stoppedByUser'))), {
      reason: 'stopped by the user',
      reasonData: { code: 'stoppedByUser', values: [] },
    });
    assert.deepEqual(asReason('for a reason'), { reason: 'for a reason' });
    assert.ok(reasonIn(sent(asReason(localizable('stoppedByUser')))) instanceof Localizable);
    assert.equal(reasonIn(asReason('for a reason')), 'for a reason');
  });

  it('goes with an error, beside the reason for programs', () => {
    const error = new RequestError('startFailed', localizable('commandEmpty'), 'notExecutable');
    const answer = Object.assign(new Error(error.message), { data: sent(error.data) });
    assert.deepEqual(
      [answer.message, reasonOf(answer), shouted(textOfError(answer))],
      ['The command is empty.', 'notExecutable', 'THE COMMAND IS EMPTY.'],
    );
    assert.equal(new RequestError('notPossible', 'No.').data, undefined);
    assert.equal(textOfError(new Error('It broke.')), 'It broke.');
  });
});

it('a tree has each of its texts translated, and the others as they are', () => {
  const data = (text: Localizable): TextData => sent(text as TextData);
  const tree = {
    ...aTree({}),
    ...{ reason: 'exited with code 3', reasonData: data(localizable('exitedWithCode', 3)) },
    ...{ limit: 'its time limit of 1 s was reached', limitData: data(localizable('timeLimit', '1 s')) },
    illness: 'said by an older warden',
  };
  const { reason, limit, illness, warning } = localizedTree(tree, shouted);
  assert.deepEqual(
    [reason, limit, illness, warning],
    ['EXITED WITH CODE 3', 'ITS TIME LIMIT OF 1 s WAS REACHED', 'said by an older warden', undefined],
  );
});
