import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lookCount, lookOf } from '../../src/dashboard/looks.ts';
import { Timeline } from '../../src/dashboard/timeline.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import { aTree } from '../support/snapshots.ts';

describe('the lines of the dashboard', () => {
  it('look different from each other, by color or by dashes, where there are many', () => {
    const looks = Array.from({ length: lookCount }, (_, place) => JSON.stringify(lookOf(place)));
    assert.ok(lookCount >= 24);
    assert.equal(new Set(looks).size, lookCount);
    assert.deepEqual(lookOf(lookCount), lookOf(0));
  });

  it('keep their looks when others end and are forgotten, and give theirs to the tree of the same name that comes next', () => {
    const timeline = new Timeline();
    const tree = (name: string, id = name) => aTree({ id: id as TreeId, name });
    const placeOf = (id: string): number | undefined => timeline.trees.find((one) => one.id === id)?.place;
    let at = 0;
    const show = (...trees: ReturnType<typeof tree>[]): void => {
      at += 1000;
      timeline.add(at, trees);
    };
    show(tree('a'), tree('b'), tree('c'));
    assert.deepEqual(['a', 'b', 'c'].map(placeOf), [0, 1, 2]);
    show(tree('b'), tree('a', 'a again'), tree('c'));
    assert.deepEqual(['a', 'a again', 'b', 'c'].map(placeOf), [0, 0, 1, 2]);
    // So many that the first ones are forgotten.
    for (let count = 0; count < 12; count++) show(tree('c'), tree(`t${count}`));
    assert.deepEqual(['a', 'a again', 'b', 'c'].map(placeOf), [undefined, undefined, undefined, 2]);
    const places = timeline.trees.map(({ place }) => place);
    assert.equal(new Set(places).size, places.length);
    assert.ok(Math.max(...places) <= 12, `places of those that are gone are given out again: ${places}`);
  });

  it('are of another look than those of the same name that run at the same time', () => {
    const timeline = new Timeline();
    timeline.add(
      1000,
      ['one', 'two'].map((id) => aTree({ id: id as TreeId, name: 'web' })),
    );
    assert.deepEqual(
      timeline.trees.map(({ place }) => place),
      [0, 1],
    );
  });
});
