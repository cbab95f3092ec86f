import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { criticalPath, type GraphNode, lastCriticalPath, type PathStep, upAt } from '../../src/protocol/criticalPath.ts';
import type { Dependency } from '../../src/protocol/declare.ts';

const needs = (...names: string[]): Dependency[] => names.map((name) => ({ name, condition: 'ready' }));
const graphOf = (nodes: Record<string, GraphNode>): ReadonlyMap<string, GraphNode> => new Map(Object.entries(nodes));

describe('the critical path of a start', () => {
  const cases: readonly (readonly [string, Record<string, GraphNode>, readonly PathStep[]])[] = [
    ['has nothing where nothing was started', { web: { dependsOn: [] } }, []],
    ['has nothing where it is not over', { web: { dependsOn: [], times: { askedAt: 0, startedAt: 0 } } }, []],
    [
      'is the process alone where it needs nothing',
      { web: { dependsOn: [], times: { askedAt: 10, startedAt: 10, readyAt: 30 } } },
      [{ name: 'web', millis: 20 }],
    ],
    [
      'goes along what was met last',
      {
        db: { dependsOn: [], times: { askedAt: 0, startedAt: 0, readyAt: 800 } },
        cache: { dependsOn: [], times: { askedAt: 0, startedAt: 0, readyAt: 100 } },
        web: { dependsOn: needs('db', 'cache'), times: { askedAt: 0, startedAt: 800, readyAt: 1000 } },
      },
      [
        { name: 'db', millis: 800 },
        { name: 'web', millis: 200 },
      ],
    ],
    [
      'counts the end of what had to succeed, and only the launch of what had to be started',
      {
        log: { dependsOn: [], times: { askedAt: 0, startedAt: 5, readyAt: 5000 } },
        migrate: { dependsOn: [{ name: 'log', condition: 'started' }], times: { askedAt: 0, startedAt: 5, readyAt: 6, endedAt: 700 } },
        web: { dependsOn: [{ name: 'migrate', condition: 'succeeded' }], times: { askedAt: 0, startedAt: 700, readyAt: 900 } },
      },
      [
        { name: 'log', millis: 5 },
        { name: 'migrate', millis: 695 },
        { name: 'web', millis: 200 },
      ],
    ],
    [
      'leaves out what was there before it was asked for',
      {
        db: { dependsOn: [], times: { askedAt: 0, startedAt: 0, readyAt: 800 } },
        web: { dependsOn: needs('db'), times: { askedAt: 5000, startedAt: 5000, readyAt: 5200 } },
      },
      [{ name: 'web', millis: 200 }],
    ],
    [
      'leaves out what was restarted afterwards',
      {
        db: { dependsOn: [], times: { askedAt: 9000, startedAt: 9000, readyAt: 9100 } },
        web: { dependsOn: needs('db'), times: { askedAt: 0, startedAt: 800, readyAt: 1000 } },
      },
      [{ name: 'web', millis: 1000 }],
    ],
    [
      'ends where something is not declared any more',
      { web: { dependsOn: needs('gone'), times: { askedAt: 0, startedAt: 0, readyAt: 3 } } },
      [{ name: 'web', millis: 3 }],
    ],
  ];
  for (const [what, nodes, expected] of cases) it(what, () => assert.deepEqual(criticalPath('web', graphOf(nodes)), expected));

  /** A start as the warden carries it out: each launch when all that it needs is met, in a graph without a circle. */
  const starts = fc.array(fc.record({ took: fc.nat(1000), needs: fc.array(fc.nat(20), { maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 20,
  });

  it('adds up to the time of the whole start, and each of its steps is needed by the next', () => {
    fc.assert(
      fc.property(starts, (written) => {
        const nodes = new Map<string, GraphNode>();
        for (const [index, { took, needs: wanted }] of written.entries()) {
          const names = [...new Set(wanted.filter((one) => one < index).map(String))];
          const startedAt = Math.max(0, ...names.map((name) => nodes.get(name)?.times?.readyAt ?? 0));
          nodes.set(String(index), { dependsOn: needs(...names), times: { askedAt: 0, startedAt, readyAt: startedAt + took } });
        }
        const target = String(written.length - 1);
        const steps = criticalPath(target, nodes);
        const { times } = nodes.get(target) ?? {};
        assert.equal(
          steps.reduce((sum, { millis }) => sum + millis, 0),
          times && upAt(times),
        );
        assert.equal(steps.at(-1)?.name, target);
        for (const [index, { name }] of steps.slice(1).entries())
          assert.ok(nodes.get(name)?.dependsOn.some((one) => one.name === steps[index]?.name));
      }),
    );
  });

  for (const order of [
    ['web', 'api', 'db'],
    ['api', 'db', 'web'],
  ])
    it(`ends with what the others were for, where all were ready in the same millisecond: ${order.join(', ')}`, () => {
      const times = { askedAt: 0, startedAt: 50, readyAt: 50 };
      const nodes: Record<string, GraphNode> = {
        db: { dependsOn: [], times: { askedAt: 0, startedAt: 0, readyAt: 50 } },
        api: { dependsOn: needs('db'), times },
        web: { dependsOn: needs('api'), times },
      };
      const path = lastCriticalPath(graphOf(Object.fromEntries(order.map((name) => [name, nodes[name] ?? assert.fail(name)]))));
      assert.deepEqual(
        path.map(({ name }) => name),
        ['db', 'api', 'web'],
      );
    });

  it('ends with the last start of all, and not with a run at a set time', () => {
    const nodes = graphOf({
      db: { dependsOn: [], times: { askedAt: 0, startedAt: 0, readyAt: 800 } },
      web: { dependsOn: needs('db'), times: { askedAt: 0, startedAt: 800, readyAt: 1000 } },
      backup: { dependsOn: [], isScheduled: true, times: { askedAt: 9000, startedAt: 9000, readyAt: 9001 } },
    });
    assert.deepEqual(lastCriticalPath(nodes), [
      { name: 'db', millis: 800 },
      { name: 'web', millis: 200 },
    ]);
  });

  it('is found for a chain as long as a file may have', () => {
    const nodes = new Map<string, GraphNode>();
    for (let index = 0; index < 10_000; index++)
      nodes.set(String(index), {
        dependsOn: index === 0 ? [] : needs(String(index - 1)),
        times: { askedAt: 0, startedAt: index, readyAt: index + 1 },
      });
    assert.equal(criticalPath('9999', nodes).length, 10_000);
  });

  it('comes to an end in a circle', () => {
    const times = { askedAt: 0, startedAt: 5, readyAt: 5 };
    const steps = criticalPath('a', graphOf({ a: { dependsOn: needs('b'), times }, b: { dependsOn: needs('a'), times } }));
    assert.deepEqual(
      steps.map(({ name }) => name),
      ['b', 'a'],
    );
  });
});
