import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { type ProcessStat, ProcessTableError, type SignalOutcome } from '../../../../src/platform/platform.ts';
import type { HookCommand, StopStep } from '../../../../src/protocol/startRequest.ts';
import { parseStop } from '../../../../src/protocol/stopSteps.ts';
import { describeSurvivors, terminate } from '../../../../src/warden/ending/termination.ts';

/** Processes with a will of their own: each says what a signal does to it. */
class FakeTree {
  readonly log: string[] = [];
  readonly #members = new Map<
    number,
    { stopped: boolean; uninterruptible: boolean | undefined; react: (signal: string) => 'dies' | 'ignores' | 'denied' }
  >();

  add(pid: number, react: (signal: string) => 'dies' | 'ignores' | 'denied', stopped = false, uninterruptible?: boolean): this {
    this.#members.set(pid, { react, stopped, uninterruptible });
    return this;
  }

  alive(): ProcessStat[] {
    return Array.from(this.#members, ([pid, { stopped, uninterruptible }]) => ({
      pid,
      stopped,
      ...(uninterruptible !== undefined && { uninterruptible }),
      parent: 1,
      startTime: 1,
      group: 1,
      session: 1,
      alive: true,
      name: `p${pid}`,
      threads: 1,
      cpuMillis: 0,
      childrenCpuMillis: 0,
      memoryBytes: 0,
    }));
  }

  signal({ pid }: { pid: number }, signal: NodeJS.Signals): SignalOutcome {
    this.log.push(`${signal} ${pid}`);
    const answer = this.#members.get(pid)?.react(signal);
    if (answer === 'dies') this.#members.delete(pid);
    return answer === undefined ? 'gone' : answer === 'denied' ? 'denied' : 'sent';
  }
}

const never = new AbortController().signal;
const willing = (signal: string): 'dies' | 'ignores' => (signal === 'SIGTERM' || signal === 'SIGKILL' ? 'dies' : 'ignores');
const deaf = (signal: string): 'dies' | 'ignores' => (signal === 'SIGKILL' ? 'dies' : 'ignores');

const hook = (name: string): HookCommand => ({ run: [name], timeoutMillis: 1000 });
const kills = ['SIGSTOP 1', 'SIGKILL 1'];
const commandCases: readonly {
  readonly what: string;
  readonly steps: readonly StopStep[];
  readonly react?: (signal: string) => 'dies' | 'ignores';
  readonly isHurried?: true;
  readonly expected: readonly string[];
}[] = [
  { what: 'no process is left', steps: [hook('a'), { signal: 'SIGTERM' }, { waitMillis: 9e6 }, hook('b')], expected: ['a', 'b'] },
  { what: 'before a signal', steps: [hook('a'), { signal: 'SIGTERM' }, { waitMillis: 9e6 }], react: willing, expected: ['a', 'SIGTERM 1'] },
  {
    what: 'after the last process has ended',
    steps: [{ signal: 'SIGTERM' }, { waitMillis: 9e6 }, { signal: 'SIGKILL' }, hook('a'), { waitMillis: 9e6 }, hook('b')],
    react: willing,
    expected: ['SIGTERM 1', 'a', 'b'],
  },
  { what: 'after a kill', steps: [{ signal: 'SIGKILL' }, hook('a')], react: deaf, expected: [...kills, 'a'] },
  { what: 'before the kill at the end', steps: [hook('a')], react: deaf, expected: ['a', ...kills] },
  {
    what: 'in a hurry, after the kill',
    steps: [hook('a'), { waitMillis: 9e6 }, hook('b')],
    react: deaf,
    isHurried: true,
    expected: [...kills, 'a', 'b'],
  },
  { what: 'what they leave is killed', steps: [{ signal: 'SIGKILL' }, hook('leaves')], expected: ['leaves', 'SIGSTOP 7', 'SIGKILL 7'] },
];

describe('an escalation', () => {
  it('ends with the first signal where all processes obey', async () => {
    const tree = new FakeTree().add(1, willing).add(2, willing);
    assert.deepEqual(await terminate(tree, parseStop(['SIGTERM', '10s', 'SIGKILL']), never), { forced: false, survivors: [] });
    assert.deepEqual(tree.log, ['SIGTERM 1', 'SIGTERM 2']);
  });

  it('wakes who is stopped, so that the signal is seen', async () => {
    const tree = new FakeTree().add(1, (signal) => (signal === 'SIGCONT' ? 'dies' : 'ignores'), true);
    assert.equal((await terminate(tree, parseStop(['SIGTERM', '10s']), never)).forced, false);
    assert.deepEqual(tree.log, ['SIGTERM 1', 'SIGCONT 1']);
  });

  it('stops all processes before it kills', async () => {
    const tree = new FakeTree().add(1, deaf).add(2, deaf);
    assert.deepEqual(await terminate(tree, parseStop(['SIGTERM', '20ms']), never), { forced: true, survivors: [] });
    assert.deepEqual(tree.log.slice(2), ['SIGSTOP 1', 'SIGSTOP 2', 'SIGKILL 1', 'SIGKILL 2']);
  });

  it('finds those who are forked while it stops the others', async () => {
    const tree = new FakeTree();
    const forker =
      (pid: number) =>
      (signal: string): 'dies' | 'ignores' => {
        // The last breath before the stop: a child.
        if (signal === 'SIGSTOP' && pid < 5) tree.add(pid + 1, forker(pid + 1));
        return deaf(signal);
      };
    tree.add(1, forker(1));
    assert.deepEqual(await terminate(tree, [{ signal: 'SIGKILL' }], never), { forced: true, survivors: [] });
    assert.equal(tree.log.indexOf('SIGKILL 1'), 5);
  });

  it('does not wait any longer when it is told to hurry', async () => {
    const hurry = new AbortController();
    const tree = new FakeTree().add(1, deaf);
    const stopping = terminate(tree, parseStop(['SIGTERM', '1h']), hurry.signal);
    setImmediate(() => hurry.abort());
    assert.equal((await stopping).forced, true);
  });

  it('gives a tree whose members vanish one after another the time that this takes', async ({ mock }) => {
    const tree = new FakeTree();
    let [now, last] = [0, 0];
    mock.method(performance, 'now', () => now);
    // Each is the next to go, and none within 400 ms of the one before: together they take longer than one may.
    const slow = (signal: string): 'dies' | 'ignores' => {
      if (signal !== 'SIGKILL' || now - last < 400) return 'ignores';
      last = now;
      return 'dies';
    };
    for (const pid of [1, 2, 3, 4]) tree.add(pid, slow);
    const target = {
      // Time goes by with the looks: that of the machine may stand still for long.
      alive: () => {
        now += 20;
        return tree.alive();
      },
      signal: tree.signal.bind(tree),
    };
    assert.deepEqual(await terminate(target, [{ signal: 'SIGKILL' }], never), { forced: true, survivors: [] });
    assert.ok(last >= 4 * 400, `the last one has gone after ${last} ms`);
  });

  it('waits for those that only wait for a processor, longer than for those that the kernel holds', async () => {
    const begun = performance.now();
    const starved = (signal: string): 'dies' | 'ignores' => (signal === 'SIGKILL' && performance.now() - begun > 1500 ? 'dies' : 'ignores');
    const tree = new FakeTree().add(1, starved, false, false).add(2, starved, false, false);
    assert.deepEqual(await terminate(tree, [{ signal: 'SIGKILL' }], never), { forced: true, survivors: [] });
    const held = new FakeTree().add(1, () => 'ignores', false, true);
    assert.equal((await terminate(held, [{ signal: 'SIGKILL' }], never)).survivors.length, 1);
  });

  it('looks by itself only to kill, where there is a look that is shared with others', async () => {
    const tree = new FakeTree().add(1, willing);
    let own = 0;
    const alive = (): ProcessStat[] => {
      own++;
      return tree.alive();
    };
    const target = { alive, aliveSoon: async () => tree.alive(), signal: tree.signal.bind(tree) };
    assert.deepEqual(await terminate(target, parseStop(['SIGTERM', '10s', 'SIGKILL']), never), { forced: false, survivors: [] });
    assert.equal(own, 0);
    tree.add(2, deaf);
    assert.deepEqual(await terminate(target, parseStop(['SIGTERM', '20ms']), never), { forced: true, survivors: [] });
    assert.ok(own > 0);
    assert.deepEqual(tree.log, ['SIGTERM 1', 'SIGTERM 2', 'SIGSTOP 2', 'SIGKILL 2']);
  });

  it('kills also where a step names a signal that this system does not have', async () => {
    const tree = new FakeTree().add(1, deaf);
    const { signal } = tree;
    tree.signal = (target, name) => {
      if (!Object.hasOwn(constants.signals, name)) throw new TypeError(`no such signal: ${name}`);
      return signal.call(tree, target, name);
    };
    assert.deepEqual(await terminate(tree, [{ signal: 'SIGFOO' as NodeJS.Signals }, { waitMillis: 20 }], never), {
      forced: true,
      survivors: [],
    });
  });

  for (const { what, steps, react, isHurried, expected } of commandCases)
    it(`runs its commands once and in turn: ${what}`, async () => {
      const hurry = new AbortController();
      if (isHurried) hurry.abort();
      const tree = react === undefined ? new FakeTree() : new FakeTree().add(1, react);
      const target = {
        alive: () => tree.alive(),
        signal: tree.signal.bind(tree),
        run: ({ run: [name] }: HookCommand): Promise<void> => {
          tree.log.push(name);
          // What it leaves behind.
          if (name === 'leaves') tree.add(7, deaf);
          return Promise.resolve();
        },
      };
      await terminate(target, steps, hurry.signal);
      assert.deepEqual(tree.log, expected);
      assert.deepEqual(tree.alive(), []);
    });

  it('kills what its commands leave also beside what cannot be killed', async () => {
    const tree = new FakeTree().add(1, () => 'denied');
    const target = {
      alive: () => tree.alive(),
      signal: tree.signal.bind(tree),
      run: (): Promise<void> => Promise.resolve(void tree.add(7, deaf)),
    };
    const { survivors } = await terminate(target, [{ signal: 'SIGKILL' }, hook('leaves')], never, 50);
    assert.deepEqual(
      survivors.map(({ process }) => process.pid),
      [1],
    );
  });

  it('runs its commands also where the process table cannot be read, and says so then', async () => {
    const ran: string[] = [];
    const unreadable = (): never => {
      throw new ProcessTableError('unreadable');
    };
    const target = {
      alive: unreadable,
      signal: () => 'gone' as const,
      run: ({ run: [name] }: HookCommand) => Promise.resolve(void ran.push(name)),
    };
    await assert.rejects(terminate(target, [{ signal: 'SIGKILL' }, hook('a')], never, 50), ProcessTableError);
    assert.deepEqual(ran, ['a']);
  });

  it('says which processes are left and why, and takes none for dead that is not', async () => {
    const tree = new FakeTree()
      .add(1, () => 'denied')
      .add(2, () => 'ignores')
      .add(3, deaf)
      .add(4, () => 'ignores', false, true);
    const { survivors } = await terminate(tree, [{ signal: 'SIGKILL' }], never);
    assert.equal(
      String(describeSurvivors(survivors)),
      'still alive after SIGKILL: p1 (pid 1): it belongs to another user; p2 (pid 2): it was sent the signal and has not ended yet; p4 (pid 4): it is in an uninterruptible wait in the kernel',
    );
  });
});
