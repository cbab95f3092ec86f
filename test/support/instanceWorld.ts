/** One name of the reconciler in a world that answers it. */
import assert from 'node:assert/strict';
import { type Effect, initialState, type NameEvent, transition } from '../../src/warden/reconciler/desiredState.ts';

/** A kernel in which at most one tree of the name may be there. */
export class InstanceWorld {
  state = initialState;
  tree: 'none' | 'spawning' | 'alive' | 'ending' = 'none';
  timer = false;
  /** Number of wishes for a tree that have no answer yet. */
  waiting = 0;
  /** Number of the declaration that the next tree is made of, and of the one that the present tree was made of. */
  wanted = 0;
  runs = 0;
  /** Whether the tree that is alive is neither ready yet, nor has failed. */
  isStarting = false;
  /** Whether something that it depends on forbids a launch. */
  isHeld = false;

  step(event: NameEvent): boolean {
    const { state, effects, refused } = transition(this.state, event, this.isHeld);
    this.state = state;
    for (const effect of effects) this.#carryOut(effect);
    return refused !== true;
  }

  wish(type: 'start' | 'restart' | 'stop'): boolean {
    const awaits = type !== 'stop';
    if (awaits) this.waiting++;
    const accepted = this.step({ type });
    if (awaits && !accepted) this.waiting--;
    return accepted;
  }

  /** One of the things that can happen next, of itself. */
  happen(random: () => number): void {
    if (random() < 0.2) this.#dependencyChanges(random);
    else if (this.tree === 'spawning') {
      const failed = random() < 0.2 || this.state.phase === 'aborting';
      this.tree = failed ? 'none' : 'alive';
      if (failed) this.step({ type: 'launchFailed', succession: this.#successionOf(random()) });
      else this.step({ type: 'launched' });
    } else if (this.tree === 'ending' && random() < 0.1) {
      this.step({ type: 'stuck' });
      // It may be gone all the same, some time later.
      if (random() < 0.5) this.#end('none');
      else this.tree = 'alive';
    } else if (this.tree === 'ending') {
      this.#end(this.state.delayed && random() < 0.5 ? 'giveUp' : 'restart');
    } else if (this.tree === 'alive' && this.isStarting && random() < 0.5) {
      this.isStarting = false;
    } else if (this.tree === 'alive') {
      if (random() < 0.5) this.step({ type: 'limit', action: random() < 0.5 ? 'stop' : 'restart' });
      else this.#end(random() < 0.3 ? 'restart' : random() < 0.5 ? 'giveUp' : 'none');
    } else if (this.timer) {
      this.timer = false;
      this.step({ type: 'due' });
    }
  }

  /** Everything that is under way comes to its end, and well. */
  settle(): void {
    this.isHeld = false;
    this.step({ type: 'released' });
    for (let count = 0; count < 10; count++) {
      if (this.tree === 'spawning') {
        this.tree = this.state.phase === 'aborting' ? 'none' : 'alive';
        this.step(this.tree === 'alive' ? { type: 'launched' } : { type: 'launchFailed', succession: 'none' });
      } else if (this.tree === 'ending') this.#end('restart');
      else if (this.tree === 'alive') this.isStarting = false;
      else if (this.timer) {
        this.timer = false;
        this.step({ type: 'due' });
      }
    }
  }

  #dependencyChanges(random: () => number): void {
    this.isHeld = random() < 0.5;
    if (!this.isHeld) this.step({ type: 'released' });
    else if (this.waiting > 0 && random() < 0.5) this.step({ type: 'barred' });
  }

  /** Where a client waits for the start, it is told of the failure, and nothing follows. */
  #successionOf(chance: number): 'none' | 'restart' | 'giveUp' {
    if (this.waiting > 0 || chance < 0.3) return 'none';
    return chance < 0.7 ? 'restart' : 'giveUp';
  }

  #end(succession: 'none' | 'restart' | 'giveUp'): void {
    this.tree = 'none';
    this.step({ type: 'ended', succession });
  }

  #carryOut(effect: Effect): void {
    switch (effect) {
      case 'launch':
        assert.equal(this.tree, 'none', 'a second tree of one name');
        assert.ok(!this.isHeld, 'a launch that its dependencies forbid');
        this.tree = 'spawning';
        this.runs = this.wanted;
        this.isStarting = true;
        break;
      case 'stop':
        assert.notEqual(this.tree, 'none', 'a stop of nothing');
        if (this.tree === 'alive') this.tree = 'ending';
        break;
      case 'wait':
        assert.deepEqual([this.tree, this.timer], ['none', false]);
        this.timer = true;
        break;
      case 'cancelWait':
        assert.ok(this.timer);
        this.timer = false;
        break;
      case 'supersede':
      case 'deliver':
      case 'fail':
        this.waiting = 0;
        break;
      case 'giveUp':
        break;
    }
  }
}
