import { fileURLToPath } from 'node:url';
import { budgetOf } from '../../src/config/gatewayBudget.ts';
import { parseProcesses } from '../../src/config/parseProcesses.ts';
import { resolveServed, TestModels } from '../support/models.ts';
import type { Run } from '../support/run.ts';
import type { TestWarden } from '../support/warden.ts';
import { cudaEnvironment, cudaScript, startSeconds } from './gpuUnderTest.ts';

const server = fileURLToPath(new URL('../fixtures/models/server.cjs', import.meta.url));

/** What processes.json says of a server that has no model, but memory of a GPU. `label`: what its processes are found by. */
export function cudaModel(run: Run, label: string, keys: object, bytes?: number): object {
  return {
    runtime: 'custom',
    command: [process.execPath, '--require', cudaScript, server, '--port', '${port}', '--name', label],
    env: cudaEnvironment(run, label, bytes),
    loadTimeout: `${startSeconds}s`,
    ready: { http: 'http://127.0.0.1:${port}/health', period: '100ms' },
    ...keys,
  };
}

/** Declares what a processes.json of these contents does. */
export async function declareFile(warden: TestWarden, file: { readonly gateway?: object; readonly models: object }): Promise<TestModels> {
  const { models, gateway, problems } = parseProcesses(JSON.stringify(file));
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join(' '));
  const { run } = warden;
  const context = { workspaceFolder: run.workFolder, env: run.env, portFor: () => Promise.resolve(1) };
  const requests = await Promise.all([...models].map(([name, spec]) => resolveServed(name, spec, context)));
  const memory = budgetOf(gateway ?? {});
  return await TestModels.of(warden, requests, memory && { memory });
}
