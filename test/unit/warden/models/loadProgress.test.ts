import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { llamaCpp } from '../../../../src/config/runtimes/llamaCpp.ts';
import type { Runtime } from '../../../../src/config/runtimes/runtime.ts';
import { sglang } from '../../../../src/config/runtimes/sglang.ts';
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
    // As its documentation shows it, of several shards in one line.
    [
      'is in the lines of SGLang',
      sglang,
      [
        'Multi-thread loading shards:   0% Completed | 0/2 [00:00<?, ?it/s]\n',
        '\rMulti-thread loading shards:  50% Completed | 1/2 [00:01<00:01,  1.40s/it]',
        '\rMulti-thread loading shards: 100% Completed | 2/2 [00:02<00:00,  1.34s/it]\n',
      ],
      [0, 50, 100],
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
    it(what, async () => {
      let last: number | undefined;
      const reader = new LoadProgress(progress, (percent) => {
        last = percent;
      });
      const told: (number | undefined)[] = [];
      for (const piece of pieces) {
        last = undefined;
        reader.add(Buffer.from(piece));
        // On a busy machine, what is left of a slice of its time is done in a later turn: a line in each, at least.
        for (let lines = piece.split(/[\r\n]/).length; lines >= 0; lines--) await turn();
        told.push(last);
      }
      assert.deepEqual(told, expected);
    });
});
