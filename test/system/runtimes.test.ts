/** Command lines of model servers that are in the PATH, against what they say of themselves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { runtimes } from '../../src/config/runtimes/index.ts';
import type { Runtime } from '../../src/config/runtimes/runtime.ts';
import { isInPath } from '../support/run.ts';

describe('the help of', () => {
  for (const runtime of Object.values(runtimes) as Runtime[]) {
    const { title, command, modelArguments, context, env = {} } = runtime;
    if (command === undefined) continue;
    const [program, ...rest] = command;
    // `vllm serve`, `ollama serve`.
    const verbs = rest.filter((part) => /^[a-z]+$/.test(part));
    it(`${title} knows every option and variable that it is given`, { skip: !isInPath(program) && `${program} is not in the PATH` }, () => {
      // vLLM tells all only to who asks for all.
      const said = ['--help', '--help=all'].map((help) => spawnSync(program, [...verbs, help], { encoding: 'utf8' }));
      const text = said.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n');
      const options = [...rest, ...(modelArguments?.file ?? []), ...(modelArguments?.name ?? []), ...(context?.args ?? [])].filter((part) =>
        part.startsWith('--'),
      );
      for (const name of [...options, ...Object.keys({ ...env, ...context?.env })])
        assert.match(text, new RegExp(`(^|[\\s,])${name}\\b`, 'm'), name);
    });
  }
});
