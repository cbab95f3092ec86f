/** `npm run check:gpu` on a stand-in for NVIDIA's driver: it holds where the driver is right, and each of its checks fails where that is wrong. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseComputeProcesses } from '../gpu/nvidiaSmi.ts';
import { eventually, exitOf, Run } from '../support/run.ts';
import { StandInGpu } from '../support/standInGpu.ts';
import { survivorsOf } from '../support/survivors.ts';

const script = fileURLToPath(new URL('../gpu/checkGpu.ts', import.meta.url));
const checks = {
  memory: 'memory of a tree, and of its two processes',
  process: 'memory is free after SIGKILL of the process',
  warden: 'memory is free after SIGKILL of the warden',
  owner: 'memory is free after SIGKILL of the owner',
  none: 'what a server sees of "gpus": []',
  first: 'what a server sees of "gpus": [0]',
  inOrder: 'what a server sees of "gpus": [1, 0]',
  dealtOut: 'what a server sees of "gpus": [0, 1], "instances": 2',
  goes: 'the idle model goes before another one is loaded',
  isBack: 'a load begins when the memory is back',
  isWhole: 'an answer is not cut off',
} as const;

/** The driver of the test, in a folder of which every process of the check has the name. */
function driverIn(run: Run, env: NodeJS.ProcessEnv = {}): void {
  const temporary = join(run.folder, 't');
  mkdirSync(temporary);
  const gpu = StandInGpu.whole(run.folder);
  Object.assign(run.env, gpu.env, { FAKE_GPUS: '2', FAKE_CUDA_RELEASE_MILLIS: '300', TMPDIR: temporary, ...env });
}

interface Checked {
  readonly code: number | null;
  /** By the name of the check. */
  readonly isOk: Readonly<Record<string, boolean>>;
  readonly output: string;
}

async function check(run: Run, ...args: readonly string[]): Promise<Checked> {
  const child = run.spawn(process.execPath, [script, ...args]);
  let output = '';
  const onOutput = (chunk: Buffer): void => {
    output += chunk;
  };
  child.stdout?.on('data', onOutput);
  child.stderr?.on('data', onOutput);
  const code = await exitOf(child);
  const rows = output.split('\n').flatMap((line) => {
    const [, name = '', , , ok = ''] = line.match(/^\| (.*?) \| (.*?) \| (.*?) \| (yes|\*\*no\*\*) \|$/) ?? [];
    return ok === '' ? [] : [[name, ok === 'yes'] as const];
  });
  return { code, isOk: Object.fromEntries(rows), output };
}

/** [what is wrong, arguments, environment of the stand-in, the checks that fail] */
const drivers: readonly (readonly [string, readonly string[], NodeJS.ProcessEnv, readonly (keyof typeof checks)[]])[] = [
  ['nothing', [], {}, []],
  [
    'nvidia-smi says half, memory of two deaths is kept, two models see all GPUs, a GPU fails',
    ['--release-seconds', '5'],
    {
      FAKE_SMI_PERCENT: '50',
      FAKE_CUDA_FAULTS: 'release-process=stuck,release-owner=stuck,gpus-none-x1=all,gpus-1-0-x1=all,eviction-one=lost',
    },
    ['memory', 'process', 'owner', 'none', 'inOrder', 'isWhole'],
  ],
  [
    'memory of another death is kept, two other models see all GPUs, the library forgets sooner than nvidia-smi',
    ['--release-seconds', '5'],
    {
      FAKE_SMI_LATE_MILLIS: '1500',
      FAKE_CUDA_FAULTS: 'release-warden=stuck,gpus-0-x1=all,gpus-0-1-x2=all',
    },
    ['warden', 'first', 'dealtOut', 'isBack'],
  ],
  [
    'too little is reported of a model, so that the other one seems to fit beside it',
    ['--only', 'eviction'],
    { FAKE_CUDA_FAULTS: 'eviction-one=small' },
    ['goes', 'isBack', 'isWhole'],
  ],
];

describe('the check of a GPU', { concurrency: 4 }, () => {
  for (const [wrong, args, env, failing] of drivers)
    it(`where this is wrong with the driver: ${wrong}`, async () => {
      await using run = new Run();
      driverIn(run, env);
      const { code, isOk, output } = await check(run, ...args);
      const tried = args.includes('--only') ? (['goes', 'isBack', 'isWhole'] as const) : (Object.keys(checks) as (keyof typeof checks)[]);
      const expected = Object.fromEntries(tried.map((key) => [checks[key], !failing.includes(key)]));
      assert.deepEqual(isOk, expected, output);
      assert.equal(code, failing.length === 0 ? 0 : 1, output);
      assert.match(output, /^\d{4}-\d\d-\d\d, driver 0\.0, GPU 0: Stand-in$/m);
      assert.deepEqual(survivorsOf(run.folder), []);
    });

  const missing: readonly (readonly [string, NodeJS.ProcessEnv, RegExp])[] = [
    ['no program of a driver', { PATH: '/nowhere' }, /: nvidia-smi is not in the PATH\.$/],
    ['a driver without a GPU', { FAKE_GPUS: '0' }, /: nvidia-smi says 'No devices were found' \(exit status 6\)\.$/],
    ['no library of CUDA', { LD_LIBRARY_PATH: '/nowhere' }, /: libnvidia-ml\.so\.1 cannot be used\.$/],
    ['a GPU without memory', { FAKE_CUDA_BYTES: '1000' }, /: CUDA cannot be used: cuCtxCreate_v2: CUDA is out of memory\.$/],
  ];
  for (const [what, env, sentence] of missing)
    it(`says in one sentence that there is ${what}, and exits with 2`, async () => {
      await using run = new Run();
      driverIn(run, env);
      const { code, output } = await check(run);
      assert.match(output.trim(), sentence);
      assert.equal(output.trim().split('\n').length, 1);
      assert.equal(code, 2);
    });

  /** [signal, the check that is made, its exit status] */
  const ends: readonly (readonly [NodeJS.Signals, string, number | null])[] = [
    ['SIGTERM', 'eviction', 1],
    ['SIGKILL', 'release', null],
  ];
  for (const [signal, only, exitCode] of ends)
    it(`leaves no process behind when it ends by ${signal} in the middle of ${only}`, async () => {
      await using run = new Run();
      driverIn(run);
      const child = run.spawn(process.execPath, [script, '--only', only]);
      await eventually('a process holds memory', () => isWrittenFor(only, join(run.folder, 't')));
      child.kill(signal);
      await exitOf(child);
      await eventually('no process is left', () => survivorsOf(run.folder).length === 0);
      assert.equal(child.exitCode, exitCode);
    });
});

function isWrittenFor(only: string, folder: string): boolean {
  const names = readdirSync(folder).flatMap((run) => {
    const workFolder = join(folder, run, 'work');
    return existsSync(workFolder) ? readdirSync(workFolder) : [];
  });
  return names.some((name) => name.startsWith(`${only}-`) && name.endsWith('.json'));
}

describe('what nvidia-smi lists', () => {
  const cases: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
    ['', []],
    ['12, 512\n', [[12, 512 * 2 ** 20]]],
    [
      '12, 512\n13, 1\n12, 8\n',
      [
        [12, 520 * 2 ** 20],
        [13, 2 ** 20],
      ],
    ],
    ['12, [N/A]\n', [[12, Number.NaN]]],
  ];
  for (const [text, found] of cases)
    it(`is understood: ${JSON.stringify(text)}`, () => assert.deepEqual([...parseComputeProcesses(text)], found));
});
