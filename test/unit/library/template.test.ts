import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TemplateValue } from '../../../src/library/api.ts';
import { commandOf, templated } from '../../../src/library/template.ts';

const words = (template: TemplateStringsArray, ...values: readonly TemplateValue[]): readonly string[] => commandOf(template, values);

describe('a command as a template', () => {
  const file = 'a "b" $c;*';
  for (const [title, found, expected] of [
    ['words between spaces', words`git  log --oneline`, ['git', 'log', '--oneline']],
    [
      'line breaks, too',
      words`
        git log
          --oneline
      `,
      ['git', 'log', '--oneline'],
    ],
    ['a value with spaces', words`cat ${file}`, ['cat', file]],
    ['a value within a word', words`tool --file=${file}.txt -j${4}`, ['tool', `--file=${file}.txt`, '-j4']],
    ['two values in one word', words`echo ${'a'}${'b'}`, ['echo', 'ab']],
    ['an empty value', words`echo ${''} x`, ['echo', '', 'x']],
    ['a list', words`echo ${['a b', 2]} c`, ['echo', 'a b', '2', 'c']],
    ['an empty list', words`echo ${[]} c`, ['echo', 'c']],
    ['the program as a value', words`${'/opt/my tool'} x`, ['/opt/my tool', 'x']],
    ['quotes and backslashes as they are', words`C:\new\tool.exe "a 'b'`, ['C:\\new\\tool.exe', '"a', "'b'"]],
  ] as const)
    it(`has ${title}`, () => assert.deepEqual(found, expected));

  it('refuses what has no word, and a list within a word', () => {
    assert.throws(() => words``, { name: 'OptionError', message: 'command: the template has no word.' });
    assert.throws(() => words`${[]}`, { name: 'OptionError' });
    assert.throws(() => words`echo -${['a']}`, { name: 'OptionError', message: /^command: a list of values/ });
    assert.throws(() => words`echo ${['a']}b`, { name: 'OptionError' });
  });

  it('is called as a function, as a tag, and as a tag with options', async () => {
    const call = templated((command, options?: { readonly cwd: string }) => Promise.resolve([command, options])) as (
      ...args: unknown[]
    ) => unknown;
    const asTag = call as unknown as (template: TemplateStringsArray, ...values: unknown[]) => Promise<unknown>;
    assert.deepEqual(await call('a line', { cwd: '/' }), ['a line', { cwd: '/' }]);
    assert.deepEqual(await call(['a', 'b']), [['a', 'b'], undefined]);
    assert.deepEqual(await asTag`a ${'b'}`, [['a', 'b'], undefined]);
    assert.deepEqual(await (call({ cwd: '/' }) as typeof asTag)`a ${'b'}`, [['a', 'b'], { cwd: '/' }]);
    await assert.rejects(asTag``, { name: 'OptionError' });
  });
});
