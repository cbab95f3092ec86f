import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProcessStat, Usage } from '../../../../src/platform/platform.ts';
import { TreeMetrics } from '../../../../src/warden/trees/treeMetrics.ts';

/** A sample of one process, at so many milliseconds since its start, with this memory. */
function sample(metrics: TreeMetrics, at: number, memoryBytes: number): void {
  const state = { alive: true, stopped: false, name: 'p', threads: 1, cpuMillis: at, childrenCpuMillis: 0, memoryBytes };
  const process: ProcessStat & Usage = { pid: 10, parent: 1, startTime: 5, group: 10, session: 10, ...state };
  metrics.measure(at, process, [process], { usage: new Map([[10, process]]), ports: new Map() }, undefined);
}

describe('what a run has used', () => {
  it('is known where samples have covered it', () => {
    const metrics = new TreeMetrics();
    sample(metrics, 0, 4096);
    sample(metrics, 50, 8192);
    assert.equal(metrics.ofRun(0, 60)?.peakMemoryBytes, 8192);
  });

  it('is not known of a process without memory, which is just ending or becoming another program', () => {
    const metrics = new TreeMetrics();
    sample(metrics, 50, 0);
    assert.equal(metrics.ofRun(0, 60), undefined);
    sample(metrics, 70, 4096);
    assert.equal(metrics.ofRun(0, 80)?.peakMemoryBytes, 4096);
  });
});
