import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAuxv, parseHandled, parseSoftLimit, parseStat, parseTreeMark, parseVariable } from '../../../src/platform/linux/procfs.ts';
import { parsePs } from '../../../src/platform/portable/portablePlatform.ts';
import { descendantsIn } from '../../../src/platform/walk.ts';

const units = { ticksPerSecond: 100, pageBytes: 4096 };
const rest = '1 4242 4242 34816 -1 4194560 1 0 0 0 150 50 7 8 20 0 3 0 98765 1000 25 18446744073709551615 1 1 0 0 0 0 0 0 0';

/** As the kernel writes it, behind what was read before. */
function parse(line: string): ReturnType<typeof parseStat> {
  const text = Buffer.from(`${line}\n`, 'latin1');
  return parseStat(Buffer.concat([text, Buffer.from('12) 99 (old')]), text.length, units);
}

describe('/proc/PID/stat', () => {
  const names = ['node', 'a b', 'a) R 1 2 3 (b', ')', '((', 'tmux: server', ''];
  for (const name of names) {
    it(`is read whatever the process calls itself: '${name}'`, () => {
      assert.deepEqual(parse(`4242 (${name}) S ${rest}`), {
        pid: 4242,
        name,
        alive: true,
        stopped: false,
        uninterruptible: false,
        parent: 1,
        group: 4242,
        session: 4242,
        terminal: 34816,
        cpuMillis: 2000,
        childrenCpuMillis: 150,
        threads: 3,
        startTime: 98765,
        memoryBytes: 25 * 4096,
      });
    });
  }

  for (const [state, alive, stopped] of [
    ['R', true, false],
    ['D', true, false],
    ['T', true, true],
    ['t', true, true],
    ['Z', false, false],
    ['X', false, false],
  ] as const) {
    it(`tells state ${state}`, () => {
      const stat = parse(`1 (x) ${state} ${rest}`);
      assert.deepEqual([stat.alive, stat.stopped, stat.uninterruptible], [alive, stopped, state === 'D']);
    });
  }

  it('tells a wait that no signal ends from the end itself, in which memory is released', () => {
    const dying = rest.replace('4194560', String(4194560 | 4));
    assert.equal(parse(`1 (x) D ${dying}`).uninterruptible, false);
  });
});

describe('the auxiliary vector', () => {
  it('names ticks and page size, and may lack them', () => {
    const auxv = Buffer.alloc(48);
    auxv.writeBigUInt64LE(6n, 0);
    auxv.writeBigUInt64LE(65536n, 8);
    auxv.writeBigUInt64LE(17n, 16);
    auxv.writeBigUInt64LE(250n, 24);
    assert.deepEqual(parseAuxv(auxv), { pageBytes: 65536, ticksPerSecond: 250 });
    assert.deepEqual(parseAuxv(Buffer.alloc(0)), { pageBytes: 4096, ticksPerSecond: 100 });
  });
});

describe('marks', () => {
  it('are read from an environment, whatever else is in it', () => {
    assert.deepEqual(parseTreeMark('A=1\0TREE_WARDEN_TREE=outer:inner\0XTREE_WARDEN_TREE=no\0'), ['outer', 'inner']);
    assert.deepEqual(parseTreeMark('TREE_WARDEN_TREE=\0'), []);
    assert.deepEqual(parseTreeMark('nginx: worker process'), []);
  });

  it('reads a variable of an environment, and which signals have a handler', () => {
    assert.equal(parseVariable('A=1\0NODE_OPTIONS=--inspect --title=a=b\0', 'NODE_OPTIONS'), '--inspect --title=a=b');
    assert.equal(parseVariable('XNODE_OPTIONS=1\0', 'NODE_OPTIONS'), undefined);
    // Of a Node process, and of one with --disable-sigusr1.
    const status = (handled: string): string => `Name:\tx\nSigIgn:\t0000000001001000\nSigCgt:\t${handled}\nCapInh:\t0\n`;
    assert.equal(parseHandled(status('0000000100004602'), 10), true);
    assert.equal(parseHandled(status('0000000100004402'), 10), false);
    assert.equal(parseHandled('', 10), undefined);
  });

  it('are read from the limits', () => {
    const limits =
      'Limit                     Soft Limit           Hard Limit           Units     \nMax realtime timeout      2251799813685249     unlimited            us        \n';
    assert.equal(parseSoftLimit(limits, 'Max realtime timeout'), 2251799813685249);
    assert.equal(parseSoftLimit(limits.replace('2251799813685249', 'unlimited       '), 'Max realtime timeout'), undefined);
    assert.equal(parseSoftLimit('', 'Max realtime timeout'), undefined);
  });
});

describe('ps', () => {
  it('is read in its POSIX form, with macOS’s empty sessions', () => {
    const [linux, mac, none] = parsePs(
      '  12   1  12  12 S Sat Nov 21 07:26:04 2026 sleep\n 99 12 77 0 Z+ Mon Jan  5 01:02:03 2026 /Applications/Some App\n\n',
    );
    assert.deepEqual(
      [linux?.pid, linux?.session, linux?.alive, linux?.startTime, linux?.name],
      [12, 12, true, Date.UTC(2026, 10, 21, 7, 26, 4), 'sleep'],
    );
    assert.deepEqual([mac?.session, mac?.alive, mac?.name], [77, false, '/Applications/Some App']);
    assert.equal(none, undefined);
  });
});

describe('a walk over a table', () => {
  it('goes from parents to children, leaves out roots whose pid was reused, and ends on a cycle', () => {
    const process = (pid: number, parent: number, startTime = 1) => ({
      pid,
      parent,
      startTime,
      group: 0,
      session: 0,
      alive: true,
      stopped: false,
      uninterruptible: false,
      name: '',
      threads: 1,
      cpuMillis: 0,
      childrenCpuMillis: 0,
      memoryBytes: 0,
    });
    const table = [process(5, 4), process(2, 1), process(4, 2), process(9, 8), process(8, 9), process(7, 1, 2)];
    const pids = (roots: number[]): number[] =>
      descendantsIn(
        table,
        roots.map((pid) => ({ pid, startTime: 1 })),
      ).map((each) => each.pid);
    assert.deepEqual(pids([2]), [2, 4, 5]);
    assert.deepEqual(pids([7]), []);
    assert.deepEqual(pids([9]), [9, 8]);
  });
});
