import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { describe, it } from 'node:test';
import { uncontained } from '../../../../src/platform/container.ts';
import { selectPlatform } from '../../../../src/platform/select.ts';
import type { TreeId } from '../../../../src/protocol/identity.ts';
import type { HookCommand, StartRequest, StopStep } from '../../../../src/protocol/startRequest.ts';
import { commandsOf } from '../../../../src/protocol/stopSteps.ts';
import type { CommandSurroundings } from '../../../../src/warden/trees/memberCommand.ts';
import { TreeHooks, type TreeHooksParts } from '../../../../src/warden/trees/treeHooks.ts';

const command = (name: string): HookCommand => ({ run: [name], timeoutMillis: 1000 });
const stop: readonly StopStep[] = [command('first'), { signal: 'SIGTERM' }, command('second')];

/** Its commands fail at once: there is nothing to run them with. */
function hooksOf(request: Partial<StartRequest>, parts: Partial<TreeHooksParts>): TreeHooks {
  return new TreeHooks({ name: 'it', stop, ...request } as StartRequest, {
    surroundings: () => ({ request: { cwd: '/', env: {} } }) as unknown as ReturnType<TreeHooksParts['surroundings']>,
    signals: () => ({ target: () => ({ alive: () => [], signal: () => 'gone' }) }) as unknown as ReturnType<TreeHooksParts['signals']>,
    print: () => undefined,
    isTerminal: false,
    cleared: Promise.resolve(),
    onPreparing: () => undefined,
    onCollected: () => undefined,
    onEnded: () => undefined,
    ...parts,
  });
}

const namesOf = (steps: readonly StopStep[]): string[] => commandsOf(steps).map(({ run: [name] }) => name);

describe('the commands of a tree', () => {
  it('are no more on record as left when their end is told', async () => {
    const left: string[][] = [];
    const hooks: TreeHooks = hooksOf({}, { onEnded: () => left.push(namesOf(hooks.stopLeft)) });
    for (const one of commandsOf(stop)) await hooks.atStop(one);
    assert.deepEqual(left, [['second'], []]);
  });

  it('of a stop are not on record before the start is certain', async () => {
    const left: string[][] = [];
    const hooks: TreeHooks = hooksOf(
      { beforeStart: [command('before')] },
      { onPreparing: () => left.push(namesOf(hooks.stopLeft)), onEnded: () => left.push(namesOf(hooks.stopLeft)) },
    );
    await assert.rejects(hooks.beforeStart());
    assert.deepEqual(left, [[], []]);
    assert.deepEqual(namesOf(hooks.stopLeft), ['first', 'second']);
  });

  it('are noted when their process has ended, though what it has printed last still waits for the disk', async () => {
    const surroundings: CommandSurroundings = {
      ...{ platform: await selectPlatform(), container: uncontained, request: { cwd: '/', env: {} }, alive: () => [] },
      ...{ tree: '11111111-1111-4111-8111-111111111111' as TreeId, onSpawned: () => undefined, onCollected: () => undefined },
    };
    const printing: HookCommand = { run: ['echo', 'it'], timeoutMillis: 60_000 };
    const happened: string[] = [];
    const noted = new EventEmitter();
    const disk = new EventEmitter();
    const isNoted = once(noted, 'noted');
    const isWritten = once(disk, 'written');
    const hooks = hooksOf(
      { stop: [printing, command('next')] },
      {
        surroundings: () => surroundings,
        print: async () => void (await isWritten),
        onCollected: () => {
          happened.push(`left: ${namesOf(hooks.stopLeft)}`);
          noted.emit('noted');
        },
        onEnded: () => happened.push('ended'),
      },
    );
    const ended = hooks.atStop(printing);
    await isNoted;
    assert.deepEqual(happened, ['left: next']);
    disk.emit('written');
    await ended;
    assert.deepEqual(happened, ['left: next', 'ended']);
  });

  it('do not keep a stop waiting for what the last run has left', async () => {
    const hooks = hooksOf({}, { cleared: new Promise(() => undefined) });
    const started = hooks.beforeStart();
    hooks.cancel();
    await started;
  });
});
