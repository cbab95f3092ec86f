/** What a start needs, and what a later one still knows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessDeclaration } from '../../../../src/protocol/declare.ts';
import type { GivenValues, NeededValues } from '../../../../src/protocol/startVariables.ts';
import { HeldValues, useGivenValues } from '../../../../src/warden/reconciler/givenValues.ts';
import { RequestError } from '../../../../src/warden/requestError.ts';

interface Name {
  readonly name: string;
  readonly values: HeldValues;
}

function named(name: string, ...argv: [string, ...string[]]): Name {
  const template = { argv, cwd: '/', env: { T: '${secret:t}', N: null }, stop: [] };
  return nameOf(name, { name, instances: 1, template } as unknown as ProcessDeclaration);
}

function nameOf(name: string, process: ProcessDeclaration | undefined): Name {
  return { name, values: new HeldValues(() => process) };
}

function neededFor(started: readonly Name[], values: GivenValues | undefined, isFresh: boolean): readonly NeededValues[] | undefined {
  try {
    useGivenValues(started, values, isFresh);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof RequestError);
    return error.data?.needed;
  }
}

const all = { 'input:x': '1', 'secret:t': '2' };

describe('values that a start is given', () => {
  it('are needed for each of the names, each once', () => {
    const [web, db] = [named('web', 'x', '${input:x}${input:x}', '${instance}'), named('db', 'y')];
    assert.deepEqual(neededFor([db, web], undefined, true), [
      { name: 'db', variables: ['secret:t'] },
      { name: 'web', variables: ['input:x', 'secret:t'] },
    ]);
    assert.deepEqual(neededFor([db, web], { web: all }, true), [{ name: 'db', variables: ['secret:t'] }]);
    assert.deepEqual([web.values.all, db.values.all], [{}, {}], 'none is used where one is missing');
    assert.equal(neededFor([db, web], { web: all, db: { 'secret:t': '' } }, true), undefined);
    assert.deepEqual([web.values.all, db.values.all], [all, { 'secret:t': '' }]);
  });

  it('are needed again by a start, and not by a restart', () => {
    const web = named('web', 'x', '${input:x}');
    assert.equal(neededFor([web], { web: all }, true), undefined);
    assert.deepEqual(neededFor([web], undefined, true), [{ name: 'web', variables: ['input:x', 'secret:t'] }]);
    assert.equal(neededFor([web], undefined, false), undefined);
    assert.equal(neededFor([web], { web: { 'secret:t': 'new' } }, false), undefined);
    assert.deepEqual(web.values.all, { 'input:x': '1', 'secret:t': 'new' });
  });

  it('are kept only where the process needs them, and for as long as it does', () => {
    const process = {
      name: 'web',
      instances: 1,
      template: { argv: ['x', '${input:x}'], cwd: '/', env: {}, stop: [] },
    } as unknown as ProcessDeclaration;
    let declared: ProcessDeclaration | undefined = process;
    const web = { name: 'web', values: new HeldValues(() => declared) };
    assert.equal(neededFor([web], { web: { 'input:x': '1', 'secret:other': '2' } }, true), undefined);
    for (const each of Array.from({ length: 3 }, (_, index) => String(index)))
      assert.equal(neededFor([web], { web: { [`input:${each}`]: each } }, false), undefined);
    assert.deepEqual(web.values.all, { 'input:x': '1' });
    for (const unknown of [undefined, { name: 'web', instances: 1, problem: 'a file is missing' }]) {
      declared = unknown;
      assert.equal(neededFor([web], undefined, false), undefined);
    }
    assert.deepEqual(web.values.all, { 'input:x': '1' }, 'what is declared again by then has them');
    declared = { ...process, template: { argv: ['x'], cwd: '/', env: {}, stop: [] } } as unknown as ProcessDeclaration;
    assert.equal(neededFor([web], undefined, false), undefined);
    assert.deepEqual(web.values.all, {});
  });

  it('are not taken from what every object has', () => {
    const odd = named('constructor', 'x', '${input:toString}');
    assert.deepEqual(neededFor([odd], {}, false), [{ name: 'constructor', variables: ['input:toString', 'secret:t'] }]);
  });

  it('are not needed by what no file declares, or what cannot be resolved', () => {
    const broken = nameOf('a', { name: 'a', instances: 1, problem: 'a file is missing' });
    assert.equal(neededFor([broken, nameOf('b', undefined)], undefined, true), undefined);
  });
});
