import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessStat } from '../../../../src/platform/platform.ts';
import { type Readings, Sampler } from '../../../../src/warden/trees/sampler.ts';

const process = (pid: number, changes: Partial<ProcessStat> = {}): ProcessStat => ({
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
  memoryBytes: 100,
  ...changes,
});

function measure(sampler: Sampler, processes: ProcessStat[], ports: Readings['ports'] = new Map()): ReturnType<Sampler['measure']> {
  sampler.beginSample();
  return sampler.measure(process(10), processes, { usage: new Map(processes.map((each) => [each.pid, each])), ports });
}

describe('a sample', () => {
  it('is percent of one core over the interval, not since the start', () => {
    let now = 0;
    const sampler = new Sampler(() => now);
    assert.equal(measure(sampler, [process(10, { cpuMillis: 60_000 })]).cpuPercent, 0);
    now = 2000;
    assert.equal(measure(sampler, [process(10, { cpuMillis: 61_000 })]).cpuPercent, 50);
    now = 3000;
    assert.equal(measure(sampler, [process(10, { cpuMillis: 61_000 })]).cpuPercent, 0);
  });

  it('does not mix up two processes that had the same pid', () => {
    let now = 0;
    const sampler = new Sampler(() => now);
    measure(sampler, [process(10, { cpuMillis: 10 })]);
    now = 1000;
    assert.equal(measure(sampler, [process(10, { cpuMillis: 900, startTime: 6 })]).cpuPercent, 0);
  });

  it('adds up memory and counts zombies, which have none', () => {
    const { memoryBytes, zombies, members } = measure(new Sampler(), [
      process(10),
      process(11, { group: 11, session: 11 }),
      process(12, { alive: false }),
    ]);
    assert.deepEqual([memoryBytes, zombies, members.map((member) => member.stray)], [200, 1, [false, true, false]]);
  });

  it('says what a member listens on, where it does', () => {
    const ports = [{ protocol: 'tcp', port: 3000, address: '::' }] as const;
    const { members } = measure(new Sampler(), [process(10), process(11)], new Map([[11, ports]]));
    assert.deepEqual(
      members.map((member) => member.ports),
      [undefined, ports],
    );
  });
});
