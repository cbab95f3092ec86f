/** Names of models, their aliases and their variants: each stands for one thing. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseProcesses } from '../../../src/config/parseProcesses.ts';

const model = (keys: object = {}): object => ({ runtime: 'ollama', model: 'x', ...keys });

describe('a name of a model', () => {
  const cases: [string, object, string[]][] = [
    ['that stands for one thing', { a: model({ aliases: ['x', 'a'], variants: { 'a:high': {} } }), b: model({ aliases: ['y', 'y'] }) }, []],
    ['that is another model', { a: model({ aliases: ['b'] }), b: model() }, ["models.a.aliases: 'b' is the name of another model"]],
    ['that is a later model', { b: model(), a: model({ variants: { b: {} } }) }, ["models.a.variants: 'b' is the name of another model"]],
    [
      'that is another model’s alias',
      { a: model({ aliases: ['gpt'] }), b: model({ aliases: ['gpt'] }) },
      ["models.b.aliases: 'gpt' is a name of 'a' already"],
    ],
    [
      'that is another model’s variant',
      { a: model({ variants: { 'x:high': {} } }), b: model({ aliases: ['x:high'] }) },
      ["models.b.aliases: 'x:high' is a name of 'a' already"],
    ],
    [
      'that is its own variant, too',
      { a: model({ aliases: ['x'], variants: { x: {} } }) },
      ["models.a.variants: 'x' is the model’s own name, or an alias of it"],
    ],
    [
      'that is its own, as a variant',
      { a: model({ variants: { a: {} } }) },
      ["models.a.variants: 'a' is the model’s own name, or an alias of it"],
    ],
  ];
  for (const [what, models, expected] of cases) {
    it(what, () => {
      const parsed = parseProcesses(JSON.stringify({ models }));
      assert.deepEqual(
        parsed.problems.map(({ message }) => message),
        expected,
      );
      const wrong = expected.map((message) => message.split('.')[1]);
      assert.deepEqual(
        [...parsed.models.keys()],
        Object.keys(models).filter((name) => !wrong.includes(name)),
      );
    });
  }
});
