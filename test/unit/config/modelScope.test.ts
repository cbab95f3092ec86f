/** Where the servers of models run that declare no scope of their own. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { modelSchema } from '../../../src/config/modelSchema.ts';
import { modelScopeFrom, withScope } from '../../../src/config/modelScope.ts';

const model = (scope?: string) => modelSchema.parse({ runtime: 'ollama', model: 'x', ...(scope !== undefined && { scope }) });

describe('the scope of a model', () => {
  for (const [declared, otherwise, expected] of [
    [undefined, 'window', 'window'],
    [undefined, 'user', 'user'],
    ['window', 'user', 'window'],
    ['user', 'window', 'user'],
  ] as const)
    it(`that declares ${declared ?? 'none'} is ${expected} where the others are to have ${otherwise}`, () =>
      assert.equal(withScope(model(declared), otherwise).scope, expected));

  for (const [text, expected] of [
    ['window', 'window'],
    ['user', 'user'],
    ['User', undefined],
    ['machine', undefined],
    ['', undefined],
  ] as const)
    it(`is written as '${text}': ${expected ?? 'none'}`, () => assert.equal(modelScopeFrom(text), expected));
});
