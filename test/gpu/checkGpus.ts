import { TestWarden } from '../support/warden.ts';
import { cudaModel, declareFile } from './declaredModels.ts';
import { type CudaProcess, type GpuUnderTest, startSeconds } from './gpuUnderTest.ts';
import { type Row, rowOf } from './rows.ts';

interface Declaration {
  readonly gpus: readonly number[];
  readonly instances: number;
  /** Numbers of the GPUs that each server sees, as a text. */
  readonly expected: string;
}

/** Whether the servers of a model see the GPUs that `gpus` names, in that order, by the UUIDs that CUDA and nvidia-smi give them. */
export async function checkGpus(gpu: GpuUnderTest): Promise<readonly Row[]> {
  const declarations = declarationsFor(gpu.all.map(({ index }) => index));
  const keyOf = ({ gpus, instances }: Declaration): string => `gpus-${gpus.join('-') || 'none'}-x${instances}`;
  await using warden = await TestWarden.start();
  const { run } = warden;
  const models = declarations.map((one) => [keyOf(one), cudaModel(run, keyOf(one), { gpus: one.gpus, instances: one.instances })]);
  await declareFile(warden, { models: Object.fromEntries(models) });
  const rows: Row[] = [];
  for (const declaration of declarations) {
    const key = keyOf(declaration);
    const instances = declaration.instances > 1 ? `, "instances": ${declaration.instances}` : '';
    rows.push(
      await rowOf(`what a server sees of "gpus": [${declaration.gpus.join(', ')}]${instances}`, declaration.expected, async () => {
        await gpu.time.within(`${key} is loaded`, startSeconds, warden.client.loadModel(key));
        const seen = (await gpu.untilUp(run, key, declaration.instances)).map((process) => namesOf(gpu, process));
        // Which of the servers has started first says nothing.
        const text = seen.sort().join('; ');
        return { seen: text, ok: text === declaration.expected };
      }),
    );
  }
  return rows;
}

/** What can be told apart with these GPUs. */
function declarationsFor(numbers: readonly number[]): Declaration[] {
  const [first = 0, second] = numbers;
  const one = { gpus: [first], instances: 1, expected: `GPU ${first}` };
  const none = { gpus: [], instances: 1, expected: 'no GPU' };
  if (second === undefined) return [none, one];
  return [
    none,
    one,
    { gpus: [second, first], instances: 1, expected: `GPU ${second}, GPU ${first}` },
    { gpus: [first, second], instances: 2, expected: `GPU ${first}; GPU ${second}` },
  ];
}

function namesOf({ all }: GpuUnderTest, { uuids }: CudaProcess): string {
  const names = uuids.map((uuid) => `GPU ${all.find((gpu) => gpu.uuid === uuid)?.index ?? uuid}`);
  return names.join(', ') || 'no GPU';
}
