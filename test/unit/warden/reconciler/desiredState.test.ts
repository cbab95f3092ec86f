/** The last wish of a user wins, in any order of wishes and of what happens. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Effect,
  initialState,
  type NameEvent,
  type NameState,
  type Phase,
  transition,
} from '../../../../src/warden/reconciler/desiredState.ts';
import { InstanceWorld } from '../../../support/instanceWorld.ts';
import { randomFrom, seedFor } from '../../../support/random.ts';

function at(phase: Phase, changes: Partial<NameState> = {}): NameState {
  return { ...initialState, phase, desired: phase === 'idle' || phase === 'stuck' ? 'stopped' : 'running', ...changes };
}

describe('a wish', () => {
  const cases: readonly (readonly [string, NameState, NameEvent, Phase, NameState['desired'], readonly Effect[] | 'refused'])[] = [
    ['to start what does not run', at('idle'), { type: 'start' }, 'launching', 'running', ['launch']],
    ['to start what runs', at('running'), { type: 'start' }, 'running', 'running', 'refused'],
    ['to start what is being started', at('launching'), { type: 'start' }, 'launching', 'running', 'refused'],
    ['to start what is being restarted joins', at('launching', { replacing: true }), { type: 'start' }, 'launching', 'running', []],
    ['to start what is being stopped', at('stopping', { desired: 'stopped' }), { type: 'start' }, 'stopping', 'running', []],
    ['to start what waits', at('waiting'), { type: 'start' }, 'launching', 'running', ['cancelWait', 'launch']],
    ['to restart what runs', at('running'), { type: 'restart' }, 'stopping', 'running', ['stop']],
    ['to restart what is being restarted joins', at('stopping'), { type: 'restart' }, 'stopping', 'running', ['stop']],
    ['to restart what is being stopped', at('stopping', { desired: 'stopped' }), { type: 'restart' }, 'stopping', 'running', ['stop']],
    ['to restart what has ended', at('idle'), { type: 'restart' }, 'launching', 'running', ['launch']],
    ['to restart what could not be killed', at('stuck'), { type: 'restart' }, 'stopping', 'running', ['stop']],
    ['to stop what runs', at('running'), { type: 'stop' }, 'stopping', 'stopped', ['supersede', 'stop']],
    ['to stop what is being restarted', at('stopping'), { type: 'stop' }, 'stopping', 'stopped', ['supersede', 'stop']],
    ['to stop what is being launched', at('launching'), { type: 'stop' }, 'aborting', 'stopped', ['supersede', 'stop']],
    ['to stop what waits', at('waiting'), { type: 'stop' }, 'idle', 'stopped', ['cancelWait']],
    ['to stop what does not run', at('idle'), { type: 'stop' }, 'idle', 'stopped', []],
  ];
  for (const [what, before, event, phase, desired, effects] of cases)
    it(what, () => {
      const { state, effects: found, refused } = transition(before, event);
      assert.deepEqual([state.phase, state.desired, refused ? 'refused' : found], [phase, desired, effects]);
      assert.equal(state.generation, before.generation + 1);
    });
});

describe('what its dependencies forbid', () => {
  const cases: readonly (readonly [string, NameState, NameEvent, boolean, Phase, NameState['desired'], readonly Effect[]])[] = [
    ['a start waits for them', at('idle'), { type: 'start' }, true, 'held', 'running', []],
    ['a further start joins', at('held'), { type: 'start' }, true, 'held', 'running', []],
    ['a restart joins', at('held'), { type: 'restart' }, true, 'held', 'running', []],
    ['a stop calls it off', at('held'), { type: 'stop' }, true, 'idle', 'stopped', ['supersede']],
    ['a restart ends the tree, and waits then', at('stopping'), { type: 'ended', succession: 'none' }, true, 'held', 'running', []],
    ['an automatic restart that is due waits', at('waiting'), { type: 'due' }, true, 'held', 'running', []],
    ['a start that ends a delay waits', at('waiting'), { type: 'start' }, true, 'held', 'running', ['cancelWait']],
    ['it is launched when they allow it', at('held'), { type: 'released' }, false, 'launching', 'running', ['launch']],
    ['it is not launched before that', at('held'), { type: 'released' }, true, 'held', 'running', []],
    ['it fails with them', at('held'), { type: 'barred' }, true, 'idle', 'stopped', ['fail']],
    ['what runs is not touched', at('running'), { type: 'barred' }, true, 'running', 'running', []],
    ['what runs is not started again', at('running'), { type: 'released' }, false, 'running', 'running', []],
    ['a limit of a tree that is gone changes nothing', at('held'), { type: 'limit', action: 'restart' }, true, 'held', 'running', []],
  ];
  for (const [what, before, event, isHeld, phase, desired, effects] of cases)
    it(what, () => {
      const { state, effects: found } = transition(before, event, isHeld);
      assert.deepEqual([state.phase, state.desired, found], [phase, desired, effects]);
    });
});

describe('an end', () => {
  const cases: readonly (readonly [string, NameState, NameEvent, Phase, readonly Effect[]])[] = [
    ['of what is restarted', at('stopping'), { type: 'ended', succession: 'none' }, 'launching', ['launch']],
    ['of what was stopped', at('stopping', { desired: 'stopped' }), { type: 'ended', succession: 'restart' }, 'idle', []],
    ['by itself, without a policy', at('running'), { type: 'ended', succession: 'none' }, 'idle', []],
    ['by itself, with a policy', at('running'), { type: 'ended', succession: 'restart' }, 'waiting', ['wait']],
    ['by itself, too often', at('running'), { type: 'ended', succession: 'giveUp' }, 'idle', ['giveUp']],
    ['by a limit', at('stopping', { delayed: true }), { type: 'ended', succession: 'restart' }, 'waiting', ['wait']],
    ['by a limit, too often', at('stopping', { delayed: true }), { type: 'ended', succession: 'giveUp' }, 'idle', ['giveUp']],
    ['of what could not be killed', at('stuck'), { type: 'ended', succession: 'restart' }, 'idle', []],
    ['of a launch', at('launching'), { type: 'launchFailed', succession: 'none' }, 'idle', ['fail']],
    ['of an automatic launch', at('launching'), { type: 'launchFailed', succession: 'restart' }, 'waiting', ['wait']],
    ['of an automatic launch, too often', at('launching'), { type: 'launchFailed', succession: 'giveUp' }, 'idle', ['giveUp']],
    [
      'of a launch that was stopped',
      at('aborting', { desired: 'stopped' }),
      { type: 'launchFailed', succession: 'none' },
      'idle',
      ['fail'],
    ],
    ['of a launch that was stopped meanwhile', at('aborting', { desired: 'stopped' }), { type: 'launched' }, 'stopping', []],
    ['of a launch that was stopped meanwhile, and wanted again', at('aborting'), { type: 'launched' }, 'stopping', []],
    [
      'of a launch that was stopped, and wanted again',
      at('aborting'),
      { type: 'launchFailed', succession: 'none' },
      'launching',
      ['launch'],
    ],
  ];
  for (const [what, before, event, phase, effects] of cases)
    it(what, () => {
      const { state, effects: found } = transition(before, event);
      assert.deepEqual([state.phase, found], [phase, effects]);
    });
});

describe('any order', () => {
  const seed = seedFor('TREE_WARDEN_SEED');
  const operations = 20_000;

  it(`of ${operations} wishes and happenings ends as the last wish has it (TREE_WARDEN_SEED=${seed})`, () => {
    const random = randomFrom(seed);
    let done = 0;
    while (done < operations) {
      const world = new InstanceWorld();
      const story: string[] = [];
      const tell = (): string => `TREE_WARDEN_SEED=${seed}: ${story.join(', ')}`;
      const length = 1 + Math.floor(random() * 12);
      try {
        for (let count = 0; count < length; count++, done++) {
          if (random() < 0.5) {
            story.push(`something happens to ${world.tree} (${world.state.phase})`);
            world.happen(random);
          } else {
            const wish = (['start', 'restart', 'stop'] as const)[Math.floor(random() * 3)] ?? 'stop';
            story.push(wish);
            const accepted = world.wish(wish);
            // A start is refused only where there is a tree that serves the wish as well, or that cannot be ended.
            if (!accepted) assert.ok(wish === 'start' && ['running', 'launching', 'stuck'].includes(world.state.phase));
          }
        }
        const last = random() < 0.5 ? 'stop' : 'restart';
        story.push(last);
        world.wish(last);
        world.settle();
        assert.equal(world.tree, last === 'stop' ? 'none' : 'alive');
        assert.deepEqual([world.state.phase, world.timer, world.waiting], [last === 'stop' ? 'idle' : 'running', false, 0]);
      } catch (error) {
        throw new Error(`${tell()}: ${(error as Error).message}`);
      }
    }
  });
});
