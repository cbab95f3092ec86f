import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { layoutOf } from '../../src/dashboard/graphLayout.ts';
import { drawnNodes, type NodeState } from '../../src/dashboard/graphNodes.ts';
import type { GraphProcess } from '../../src/protocol/dashboard.ts';
import type { Dependency } from '../../src/protocol/declare.ts';
import type { TreeId } from '../../src/protocol/identity.ts';
import type { ModelSnapshot, ModelState } from '../../src/protocol/models.ts';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { aTree } from '../support/snapshots.ts';

const needs = (...names: string[]): Dependency[] => names.map((name) => ({ name, condition: 'ready' }));
const tree = (name: string, changes: Partial<TreeSnapshot>): TreeSnapshot =>
  aTree({ id: `${name} ${changes.startedAt}` as TreeId, name, state: 'ready', ...changes });

describe('the graph of dependencies in the dashboard', () => {
  const states: readonly (readonly [string, NodeState, Partial<GraphProcess>, readonly TreeSnapshot[]])[] = [
    ['was not started', 'idle', {}, []],
    ['waits', 'waits', { waits: true }, [tree('a', { state: 'exited', startedAt: 1, endedAt: 2 })]],
    ['is not ready yet', 'starting', {}, [tree('a', { state: 'starting', startedAt: 1 })]],
    ['runs', 'live', {}, [tree('a', { startedAt: 1 })]],
    ['runs again', 'live', {}, [tree('a', { state: 'failed', startedAt: 1, endedAt: 2 }), tree('a', { startedAt: 3 })]],
    ['has succeeded', 'succeeded', {}, [tree('a', { state: 'succeeded', startedAt: 1, endedAt: 2 })]],
    ['has ended', 'ended', {}, [tree('a', { state: 'exited', startedAt: 1, endedAt: 2 })]],
    ['has failed', 'failed', {}, [tree('a', { state: 'failed', startedAt: 1, endedAt: 2 })]],
    ['could not be ended', 'failed', {}, [tree('a', { state: 'unkillable', startedAt: 1 })]],
    ['was stopped', 'ended', {}, [tree('a', { state: 'failed', stopped: true, startedAt: 1, endedAt: 2 })]],
    ['could not be started', 'failed', { failed: true }, []],
    [
      'has an instance that is not ready',
      'starting',
      {},
      [tree('a', { pool: 'a', startedAt: 1 }), tree('a#2', { pool: 'a', state: 'starting', startedAt: 1 })],
    ],
  ];
  for (const [what, state, changes, trees] of states)
    it(`shows that a process ${what}`, () =>
      assert.equal(drawnNodes([{ name: 'a', dependsOn: [], ...changes }], trees, [])[0]?.state, state));

  it('shows how long each start took, and marks the chain that the last one waited for', () => {
    const nodes = drawnNodes(
      [
        { name: 'db', dependsOn: [] },
        { name: 'cache', dependsOn: [] },
        { name: 'web', dependsOn: needs('db', 'cache') },
      ],
      [
        tree('db', { askedAt: 0, startedAt: 0, readyAt: 800 }),
        tree('cache', { askedAt: 0, startedAt: 0, readyAt: 100 }),
        tree('web', { askedAt: 0, startedAt: 800, readyAt: 1000 }),
      ],
      [],
    );
    assert.deepEqual(
      nodes.map(({ name, took, isCritical }) => [name, took, isCritical]),
      [
        ['db', 800, true],
        ['cache', 100, false],
        ['web', 200, true],
      ],
    );
  });

  it('has the models that processes depend on, and no others', () => {
    const model = (name: string, state: ModelState) => ({ name, state }) as ModelSnapshot;
    const nodes = drawnNodes(
      [{ name: 'web', dependsOn: needs('model:coder') }],
      [tree('coder', { startedAt: 1, readyAt: 5 })],
      [model('coder', 'ready'), model('other', 'ready')],
    );
    assert.deepEqual(
      nodes.map(({ name, state, took }) => [name, state, took]),
      [
        ['web', 'idle', undefined],
        ['model:coder', 'live', 4],
      ],
    );
  });

  const graphs = fc.array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 });

  it('has what is needed to the left of what needs it, and no box over another', () => {
    fc.assert(
      fc.property(graphs, (written) => {
        const nodes = written.map((wanted, index) => ({
          name: `p${index}`,
          dependsOn: needs(...new Set(wanted.filter((one) => one < index).map((one) => `p${one}`))),
        }));
        const { boxes, width, height } = layoutOf(nodes);
        const byName = new Map(boxes.map((box) => [box.name, box]));
        for (const { name, dependsOn } of nodes)
          for (const one of dependsOn) {
            const [left, right] = [byName.get(one.name), byName.get(name)];
            assert.ok(left && right && left.x + left.width < right.x, `${one.name} before ${name}`);
          }
        for (const [index, a] of boxes.entries()) {
          assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height);
          for (const b of boxes.slice(index + 1))
            assert.ok(a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('names what is not drawn nowhere', () => {
    const { boxes, arrows } = layoutOf([{ name: 'web', dependsOn: needs('gone', 'constructor', '__proto__') }]);
    assert.deepEqual([boxes.map(({ name }) => name), arrows], [['web'], []]);
  });
});
