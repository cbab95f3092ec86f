import type { Runner } from '../protocol/runner.ts';
import type { NodeRunner, RunnerSettings } from './runner.ts';
import { SlurmNodes } from './slurmNodes.ts';
import { SshNode } from './sshNode.ts';

export function nodeRunner(runner: Runner, settings: RunnerSettings): NodeRunner {
  return runner.type === 'slurm' ? new SlurmNodes(runner, settings) : new SshNode(runner, settings);
}
