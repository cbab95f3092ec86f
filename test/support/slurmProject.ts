/** Projects whose processes run as jobs of a cluster, and what is seen of them. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeSnapshot } from '../../src/protocol/snapshot.ts';
import { eventually, Run } from './run.ts';
import type { SlurmCluster } from './slurmCluster.ts';
import { type Survivor, survivorsOf } from './survivors.ts';

export class SlurmProject extends Run {
  readonly #cluster: SlurmCluster;

  constructor(cluster: SlurmCluster, processes: Readonly<Record<string, object>>, env: NodeJS.ProcessEnv = {}) {
    super({ ...cluster.env, ...env });
    this.#cluster = cluster;
    mkdirSync(join(this.workFolder, '.vscode'));
    writeFileSync(join(this.workFolder, '.vscode', 'processes.json'), JSON.stringify({ processes }));
  }

  trees(): TreeSnapshot[] {
    return JSON.parse(this.call(['ps', '--json', '--all']).stdout) as TreeSnapshot[];
  }

  /** The newest tree of this name. */
  tree(name: string): TreeSnapshot | undefined {
    return this.trees()
      .filter((tree) => tree.name === name)
      .sort((a, b) => b.startedAt - a.startedAt)[0];
  }

  /** Resolves with the tree when its first process runs on its node. */
  async runs(name: string, deadlineMillis = 60_000): Promise<TreeSnapshot> {
    return await eventually(
      `${name} runs`,
      () => {
        const tree = this.tree(name);
        return tree?.remote?.phase === 'running' && tree.members.length > 0 && tree;
      },
      deadlineMillis,
    );
  }

  /** Resolves with the tree when what is shown of it says this. */
  async says(name: string, reason: RegExp, deadlineMillis = 30_000): Promise<TreeSnapshot> {
    let last = '';
    return await eventually(
      `${name} says ${reason}`,
      () => {
        const tree = this.tree(name);
        last = tree?.reason ?? '';
        return tree !== undefined && reason.test(tree.reason) && tree;
      },
      deadlineMillis,
    ).catch((error: Error) => assert.fail(`${error.message}; it says: ${last}`));
  }

  /** Processes of this project, on the nodes and on this side. */
  processes(pattern: RegExp): Survivor[] {
    return survivorsOf(this.folder).filter(({ command }) => pattern.test(command));
  }

  async nothingIsLeft(deadlineMillis = 60_000): Promise<void> {
    await eventually('no process is left', () => survivorsOf(this.folder).length === 0, deadlineMillis).catch(() =>
      assert.deepEqual(survivorsOf(this.folder), []),
    );
    await eventually('no job is left', () => this.#cluster.jobs()?.length === 0, deadlineMillis);
  }
}
