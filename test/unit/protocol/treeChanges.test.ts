/** A change leads from the list before to the list after, whatever they are, and over the wire. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TreeId } from '../../../src/protocol/identity.ts';
import type { MemberSnapshot, TreeSnapshot } from '../../../src/protocol/snapshot.ts';
import { applyChange, changeBetween, type TreesChange } from '../../../src/protocol/treeChanges.ts';
import { holdsFor } from '../../support/property.ts';
import { aMember, aTree } from '../../support/snapshots.ts';

const member: fc.Arbitrary<MemberSnapshot> = fc
  .record({
    pid: fc.integer({ min: 2, max: 12 }),
    cpuPercent: fc.constantFrom(0, 1.5),
    zombie: fc.boolean(),
    ports: fc.constantFrom(undefined, [], [{ protocol: 'tcp', port: 80, address: '::' } as const]),
  })
  .map(({ pid, ports, ...changes }) => aMember(pid, { ...changes, ...(ports && { ports }) }));

const trees: fc.Arbitrary<readonly TreeSnapshot[]> = fc.uniqueArray(
  fc
    .record({
      id: fc.constantFrom('a', 'b', 'c', 'd').map((id) => id as TreeId),
      state: fc.constantFrom('starting', 'ready', 'exited'),
      exit: fc.constantFrom(undefined, { code: 0, signal: null }, { code: null, signal: 'SIGTERM' }),
      restarting: fc.constantFrom(undefined, true),
      members: fc.uniqueArray(member, { selector: ({ pid }) => pid }),
    })
    .map(({ id, exit, restarting, ...changes }) => aTree({ ...changes, id, ...(exit && { exit }), ...(restarting && { restarting }) })),
  { selector: ({ id }) => id },
);

const overTheWire = (change: TreesChange): TreesChange => JSON.parse(JSON.stringify(change)) as TreesChange;

describe('changes of trees', () => {
  it('lead from any list to any other, in order', async () => {
    await holdsFor(fc.tuple(trees, trees), ([before, after]) => {
      assert.deepEqual(applyChange(before, overTheWire(changeBetween(before, after))), after);
    });
  });

  it('add up, one behind the other', async () => {
    await holdsFor(fc.array(trees, { minLength: 2 }), (lists) => {
      let known: readonly TreeSnapshot[] = [];
      lists.forEach((list, index) => {
        known = applyChange(known, overTheWire(changeBetween(lists[index - 1] ?? [], list)));
        assert.deepEqual(known, list);
      });
    });
  });

  it('are empty where nothing has changed', async () => {
    await holdsFor(trees, (list) => assert.deepEqual(changeBetween(list, structuredClone(list)), {}));
  });

  const one = aTree({ members: [aMember(2), aMember(3)] });
  const cases: [string, TreeSnapshot, TreesChange][] = [
    [
      'a figure of one member',
      { ...one, members: [aMember(2), aMember(3, { cpuPercent: 1 })] },
      { changed: [{ id: one.id, members: { changed: [{ pid: 3, cpuPercent: 1 }] } }] },
    ],
    ['a member that has ended', { ...one, members: [aMember(3)] }, { changed: [{ id: one.id, members: { gone: [2] } }] }],
    ['a field', { ...one, state: 'stopping' }, { changed: [{ id: one.id, state: 'stopping' }] }],
    ['a tree that has gone', { ...one, id: 'two' as TreeId, members: [] }, { changed: [{ ...allBut(one) }], gone: [one.id] }],
  ];
  for (const [what, after, expected] of cases)
    it(`hold ${what} and nothing else`, () => assert.deepEqual(changeBetween([one], [after]), expected));

  it('take a field away', () => {
    assert.deepEqual(changeBetween([{ ...one, warning: 'it uses much memory' }], [one]), { changed: [{ id: one.id, warning: null }] });
  });
});

function allBut({ members: _, ...fields }: TreeSnapshot): Omit<TreeSnapshot, 'members'> {
  return { ...fields, id: 'two' as TreeId };
}
