import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import { defaultRestarts } from '../../../../src/protocol/policies.ts';
import type { TreeState } from '../../../../src/protocol/snapshot.ts';
import type { StartRequest } from '../../../../src/protocol/startRequest.ts';
import type { Journal } from '../../../../src/warden/journal.ts';
import { ManagedName } from '../../../../src/warden/reconciler/managedName.ts';
import type { Tree } from '../../../../src/warden/trees/tree.ts';
import { eventually } from '../../../support/run.ts';

/** As much of a tree as a name deals with. */
class FakeTree {
  readonly id: TreeId;
  readonly request: StartRequest;
  readonly output = { lastLines: () => [] };
  readonly leader = { pid: 7 };
  readonly endWasWanted = false;
  state: TreeState = 'ready';
  reason = 'running';
  ended = false;
  readonly #problem: string | undefined;
  stopping: Error | undefined;

  constructor(number: number, request: StartRequest, problem: string | undefined) {
    this.id = `tree-${number}` as TreeId;
    this.request = request;
    this.#problem = problem;
  }

  async start(): Promise<void> {
    if (this.#problem !== undefined) throw new Error(this.#problem);
  }

  async stop(): Promise<void> {
    if (this.stopping) throw this.stopping;
  }
}

/** `problems`: why the spawn of the tree of this number fails. */
function nameWith(problems: Readonly<Record<number, string>>, maxRestarts = 3) {
  const trees: FakeTree[] = [];
  const alerts: string[] = [];
  const managed = new ManagedName('web', {
    journal: { write: () => undefined } as unknown as Journal,
    create: (request) => {
      const tree = new FakeTree(trees.length, request, problems[trees.length]);
      trees.push(tree);
      return tree as unknown as Tree;
    },
    discard: () => undefined,
    onChange: () => undefined,
    isHeld: () => false,
    isClosed: () => false,
    endInTurn: (_, end) => end(),
    alert: (message) => alerts.push(String(message)),
  });
  const request = {
    ...{ name: 'web', argv: ['web'], cwd: '/', env: {}, stdio: 'pipes', stop: [], whenLeaderExits: 'kill' },
    ...{ containment: 'group', restart: { ...defaultRestarts, when: 'on-failure', delayMillis: 1, maxDelayMillis: 1, maxRestarts } },
  } as unknown as StartRequest;
  const fail = (tree: FakeTree | undefined): void => {
    assert.ok(tree);
    Object.assign(tree, { state: 'failed', reason: 'exited with code 3', ended: true });
    managed.ended(tree as unknown as Tree);
  };
  return { managed, trees, alerts, request, fail };
}

describe('an automatic restart whose spawn fails', () => {
  it('is tried again, as often as the policy allows', async () => {
    const { managed, trees, alerts, request, fail } = nameWith({ 1: 'EAGAIN', 2: 'EAGAIN' });
    await managed.start(request);
    fail(trees[0]);
    await eventually('it runs again', () => trees.length === 4);
    assert.deepEqual([alerts, managed.isIdle], [[], false]);
    assert.equal(managed.standingOf(trees[3] as unknown as Tree).restarts, 3);
  });

  it('is given up with the reason, and told once', async () => {
    const { managed, trees, alerts, request, fail } = nameWith({ 1: 'EAGAIN', 2: 'EAGAIN' }, 2);
    await managed.start(request);
    fail(trees[0]);
    await eventually('it is given up', () => managed.isIdle);
    assert.equal(trees.length, 3);
    assert.equal(alerts.length, 1);
    assert.equal(managed.standingOf(trees[0] as unknown as Tree).gaveUp, true);
    assert.match(alerts[0] ?? '', /^'web' could not be restarted \(EAGAIN\), and will not be restarted: it was restarted 2 times/);
  });

  it('is not tried again where a client waits for the start: it is told', async () => {
    const { managed, trees, alerts, request } = nameWith({ 0: 'no such command' });
    await assert.rejects(managed.start(request), /no such command/);
    assert.deepEqual([trees.length, alerts, managed.isIdle], [1, [], true]);
  });
});

describe('an end that is faster than the news of the start', () => {
  for (const [what, restart, isRestarted] of [
    ['is not told as the last one where a restart follows', undefined, true],
    ['is the last one where none does, once that is known', 'never', false],
  ] as const)
    it(what, async () => {
      const { managed, trees, request, fail } = nameWith({});
      const started = managed.start({ ...request, ...(restart === 'never' && { restart: undefined }) } as unknown as StartRequest);
      const [tree] = trees;
      assert.ok(tree);
      // Its launch is not over yet.
      fail(tree);
      assert.equal(managed.standingOf(tree as unknown as Tree).restarting, true);
      await started;
      assert.equal(managed.standingOf(tree as unknown as Tree).restarting, isRestarted);
      if (isRestarted) await eventually('it runs again', () => trees.length === 2);
    });
});

describe('a stop that has failed', () => {
  it('is not told to a later one, when the tree has ended', async () => {
    const { managed, trees, request } = nameWith({});
    await managed.start({ ...request, restart: undefined } as unknown as StartRequest);
    const [tree] = trees;
    assert.ok(tree);
    tree.stopping = new Error('the process table is broken');
    await assert.rejects(managed.stop({ reason: 'asked to', now: false }), /broken/);
    Object.assign(tree, { state: 'exited', ended: true });
    managed.ended(tree as unknown as Tree);
    await managed.stop({ reason: 'asked to', now: false });
    assert.ok(managed.isIdle);
  });
});
