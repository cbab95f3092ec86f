import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessStat, Usage } from '../../../../src/platform/platform.ts';
import { type Figures, Meter, type Readings } from '../../../../src/warden/trees/meter.ts';

const process = (pid: number, changes: Partial<ProcessStat & Usage> = {}): ProcessStat & Usage => ({
  pid,
  parent: 1,
  startTime: 5,
  group: 10,
  session: 10,
  alive: true,
  stopped: false,
  name: 'p',
  threads: 1,
  cpuMillis: 0,
  childrenCpuMillis: 0,
  memoryBytes: 100,
  ...changes,
});

/** Measures at given times, in seconds. */
function meterAt(): (seconds: number, processes: (ProcessStat & Usage)[], more?: { ports?: Readings['ports']; cpu?: number }) => Figures {
  let now = 0;
  const meter = new Meter(() => now);
  return (seconds, processes, { ports = new Map(), cpu } = {}) => {
    now = seconds * 1000;
    return meter.measure(process(10), processes, { usage: new Map(processes.map((each) => [each.pid, each])), ports }, cpu);
  };
}

describe('a sample', () => {
  it('is percent of one core over the interval, not since the start', () => {
    const measure = meterAt();
    assert.equal(measure(0, [process(10, { cpuMillis: 60_000 })]).cpuPercent, 0);
    assert.equal(measure(2, [process(10, { cpuMillis: 61_000 })]).cpuPercent, 50);
    assert.equal(measure(3, [process(10, { cpuMillis: 61_000 })]).cpuPercent, 0);
  });

  it('counts what was born since the last one in full, even where the pid was another one’s', () => {
    const measure = meterAt();
    measure(0, [process(10, { cpuMillis: 10_000 })]);
    const { cpuPercent, members } = measure(1, [process(10, { cpuMillis: 400, startTime: 6 })]);
    assert.deepEqual([cpuPercent, members[0]?.cpuPercent], [40, 40]);
  });

  it('compares with one that is not too close, however many ask', () => {
    const measure = meterAt();
    measure(0, [process(10)]);
    measure(1, [process(10, { cpuMillis: 500 })]);
    // 30 ms later, in which the kernel has counted another step of 10.
    const { cpuPercent } = measure(1.03, [process(10, { cpuMillis: 510 })]);
    assert.equal(cpuPercent.toFixed(1), '49.5');
    assert.equal(measure(2, [process(10, { cpuMillis: 600 })]).cpuPercent.toFixed(1), '10.0');
  });

  const parent = (changes: Partial<ProcessStat & Usage> = {}): ProcessStat & Usage => process(10, changes);
  const child = (pid: number, changes: Partial<ProcessStat & Usage> = {}): ProcessStat & Usage => process(pid, { parent: 10, ...changes });
  const families: [string, (ProcessStat & Usage)[], (ProcessStat & Usage)[], number][] = [
    ['came and went', [parent()], [parent({ childrenCpuMillis: 300 })], 30],
    ['was seen before it went', [parent(), child(11, { cpuMillis: 100 })], [parent({ childrenCpuMillis: 400 })], 30],
    [
      'went, with a grandchild that had gone before',
      [parent(), child(11), process(12, { parent: 11, cpuMillis: 200 })],
      [parent({ childrenCpuMillis: 500 })],
      30,
    ],
    ['was waited for by no member', [parent(), child(11, { cpuMillis: 500 })], [parent()], 0],
    ['is a zombie still', [parent(), child(11, { cpuMillis: 100 })], [parent(), child(11, { cpuMillis: 400, alive: false })], 30],
  ];
  for (const [what, before, after, percent] of families) {
    it(`accounts for a child that ${what}`, () => {
      const measure = meterAt();
      measure(0, before);
      assert.equal(measure(1, after).cpuPercent, percent);
    });
  }

  it('takes the tree’s CPU from its container, where that counts', () => {
    const measure = meterAt();
    measure(0, [process(10)], { cpu: 1000 });
    assert.equal(measure(1, [process(10, { cpuMillis: 500 })], { cpu: 1750 }).cpuPercent, 75);
  });

  it('is bytes a second from and to storage, also of children that have gone', () => {
    const measure = meterAt();
    measure(0, [process(10, { disk: { readBytes: 1000, writtenBytes: 0 } }), child(11, { disk: { readBytes: 500, writtenBytes: 100 } })]);
    const { readRate, writeRate } = measure(2, [process(10, { disk: { readBytes: 3500, writtenBytes: 300 } })]);
    assert.deepEqual([readRate, writeRate], [1000, 100]);
  });

  it('adds up memory and counts zombies, which have none', () => {
    const { memoryBytes, zombies, members } = meterAt()(0, [
      process(10),
      process(11, { group: 11, session: 11 }),
      process(12, { alive: false }),
    ]);
    assert.deepEqual([memoryBytes, zombies, members.map((member) => member.stray)], [200, 1, [false, true, false]]);
  });

  it('says what a member listens on, where it does', () => {
    const ports = [{ protocol: 'tcp', port: 3000, address: '::' }] as const;
    const { members } = meterAt()(0, [process(10), process(11)], { ports: new Map([[11, ports]]) });
    assert.deepEqual(
      members.map((member) => member.ports),
      [undefined, ports],
    );
  });
});

describe('what was used since the start', () => {
  const usedOf = (...looks: [cpuOfLeader: number, cpuOfTree: number | undefined][]): number => {
    let now = 0;
    const meter = new Meter(() => now);
    for (const [cpuMillis, tree] of looks) {
      const leader = process(10, { cpuMillis });
      meter.measure(leader, [leader], { usage: new Map([[10, leader]]), ports: new Map() }, tree);
      now += 1000;
    }
    return meter.used.cpuMillis;
  };
  it('is what the processes have, where no container counts', () => assert.equal(usedOf([10, undefined], [400, undefined]), 400));
  it('is what the container has counted, also before the first look', () => assert.equal(usedOf([0, 27], [400, 431]), 431));
});
