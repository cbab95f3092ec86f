import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { SaveRuns, type StartResult } from '../../../src/extension/runOnSave/saveRuns.ts';

class World {
  readonly starts: string[] = [];
  isBusy = false;
  wasStopped = false;
  readonly runs: SaveRuns;
  readonly #pauses: (() => void)[] = [];
  #answer: (result: StartResult) => void = () => assert.fail('nothing is being started');

  constructor() {
    this.runs = new SaveRuns({
      isBusy: () => this.isBusy,
      wasStopped: () => this.wasStopped,
      start: (_name, path) => {
        this.starts.push(path);
        return new Promise((resolve) => {
          this.#answer = resolve;
        });
      },
      pause: () => new Promise((resolve) => this.#pauses.push(resolve)),
    });
  }

  save(path: string): void {
    this.runs.saved('format', path);
  }

  async answer(result: StartResult): Promise<void> {
    this.#answer(result);
    await turn();
  }

  /** The time for news is over. */
  async time(): Promise<void> {
    for (const end of this.#pauses.splice(0)) end();
    await turn();
  }

  /** News of what runs. */
  news(isBusy: boolean, isDeclared = true): void {
    this.isBusy = isBusy;
    this.runs.look(() => isDeclared);
  }
}

describe('a saved file', () => {
  it('has the process run once', async () => {
    const world = new World();
    world.save('/a');
    await world.answer('started');
    world.news(true);
    world.news(false);
    assert.deepEqual(world.starts, ['/a']);
  });

  it('during a run has it run once more, for the file that was saved last', async () => {
    const world = new World();
    world.save('/a');
    await world.answer('started');
    world.news(true);
    for (const path of ['/b', '/c', '/d']) world.save(path);
    world.news(true);
    assert.deepEqual(world.starts, ['/a']);
    world.news(false);
    assert.deepEqual(world.starts, ['/a', '/d']);
    await world.answer('started');
    world.news(false);
    assert.deepEqual(world.starts, ['/a', '/d']);
  });

  it('during a start counts, also where the run is over before the start is answered', async () => {
    const world = new World();
    world.save('/a');
    world.save('/b');
    assert.deepEqual(world.starts, ['/a']);
    await world.answer('started');
    assert.deepEqual(world.starts, ['/a', '/b']);
  });

  it('waits for news where it runs and that is not known here yet', async () => {
    const world = new World();
    world.save('/a');
    await world.answer('busy');
    assert.deepEqual(world.starts, ['/a'], 'it is not asked over and over');
    world.news(true);
    await world.time();
    assert.deepEqual(world.starts, ['/a'], 'it is known to run by now');
    world.news(false);
    assert.deepEqual(world.starts, ['/a', '/a']);
  });

  it('has it run where the news of the end came before the answer that it runs', async () => {
    const world = new World();
    world.save('/a');
    world.news(true);
    world.news(false);
    await world.answer('busy');
    await world.time();
    assert.deepEqual(world.starts, ['/a', '/a']);
    await world.answer('started');
    await world.time();
    assert.deepEqual(world.starts, ['/a', '/a']);
  });

  it('is forgotten where the process is not declared any more', async () => {
    const world = new World();
    world.save('/a');
    await world.answer('started');
    world.news(true);
    world.save('/b');
    world.news(false, false);
    world.news(false);
    assert.deepEqual(world.starts, ['/a']);
  });

  it('during a run that is stopped is called off with it, and counts again later', async () => {
    const world = new World();
    world.save('/a');
    await world.answer('started');
    world.news(true);
    world.save('/b');
    world.wasStopped = true;
    world.news(true);
    world.news(false);
    world.wasStopped = false;
    world.news(false);
    assert.deepEqual(world.starts, ['/a']);
    world.wasStopped = true;
    world.save('/c');
    world.save('/d');
    world.news(false);
    await world.answer('started');
    assert.deepEqual(world.starts, ['/a', '/c', '/d'], 'what was stopped before is another run');
  });

  it('counts again after a start that has failed', async () => {
    const world = new World();
    world.save('/a');
    await world.answer('failed');
    world.save('/b');
    assert.deepEqual(world.starts, ['/a', '/b']);
  });
});
