import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { llamaCpp } from '../../../../src/config/runtimes/llamaCpp.ts';
import type { Runtime } from '../../../../src/config/runtimes/runtime.ts';
import { vllm } from '../../../../src/config/runtimes/vllm.ts';
import { LoadProgress } from '../../../../src/warden/models/loadProgress.ts';

describe('how much of a model is loaded', () => {
  const cases: [string, Runtime, readonly string[], readonly (number | undefined)[]][] = [
    [
      'is in the lines of vLLM',
      vllm,
      ['INFO starting\n', 'Loading safetensors: 25% Completed | 1/4\rLoading safetensors: 50% Comp', 'leted | 2/4\r', 'INFO ready\n'],
      [undefined, 25, 50, undefined],
    ],
    // As llama-server (build 4748) prints it.
    [
      'is a line of dots of llama.cpp, which grows',
      llamaCpp,
      [
        'load_tensors:   CPU_Mapped model buffer size =     0.44 MiB\n',
        '..',
        '...',
        '.\nllama_init_from_model: n_seq_max = 1\n',
        'srv ...\n',
      ],
      [undefined, 2, 5, 6, undefined],
    ],
    ['is never more than all', llamaCpp, ['.'.repeat(120)], [100]],
    ['is not in a line that only begins so', llamaCpp, ['... and so on\n'], [undefined]],
  ];
  for (const [what, { progress = '' }, pieces, expected] of cases)
    it(what, () => {
      let last: number | undefined;
      const reader = new LoadProgress(progress, (percent) => {
        last = percent;
      });
      const told = pieces.map((piece) => {
        last = undefined;
        reader.add(Buffer.from(piece));
        return last;
      });
      assert.deepEqual(told, expected);
    });
});
