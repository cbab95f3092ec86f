import { fillPort, ownPort, type ServedModel } from '../../protocol/models.ts';
import { instanceName } from '../../protocol/names.ts';
import type { Check } from '../../protocol/policies.ts';
import type { StartRequest } from '../../protocol/startRequest.ts';

/** What the model says of each of its instances, with the port of this one. `promptFolder`: where it keeps its prompts. */
export function startRequest(model: ServedModel, instance: number, port: number, promptFolder?: string): StartRequest {
  const { name, start, prompts } = model;
  const fill = (text: string): string => fillPort(text, port);
  const fillAll = ([program, ...args]: readonly [string, ...string[]]): [string, ...string[]] => [fill(program), ...args.map(fill)];
  const env = Object.fromEntries(Object.entries(start.env).map(([key, value]) => [key, value === null ? null : fill(value)]));
  const [program, ...args] = fillAll(start.argv);
  const { ready, alive } = start;
  return {
    ...start,
    name: instanceName(name, instance),
    argv: [program, ...args, ...(prompts && promptFolder !== undefined ? [prompts.option, promptFolder] : [])],
    env: { TREE_WARDEN_INSTANCE: String(instance), ...gpuEnvironment(model, instance), ...env },
    stop: start.stop.map((step) => ('run' in step ? { ...step, run: fillAll(step.run) } : step)),
    ...(ready && { ready: { ...ready, check: fillCheck(ready.check, port, fill) } }),
    ...(alive && { alive: { ...alive, check: fillCheck(alive.check, port, fill) } }),
  };
}

/** The GPUs of a model are dealt out to its instances, who share them where there are too few; a number that no GPU has hides all of them. */
function gpuEnvironment({ gpus, instances }: ServedModel, instance: number): Record<string, string> {
  if (gpus === undefined) return {};
  const { numbers, variables } = gpus;
  const share = numbers.filter((_, index) => index % instances === (instance - 1) % instances);
  const own = share.length > 0 ? share : [numbers[(instance - 1) % numbers.length] ?? -1];
  return Object.fromEntries([...variables.map((name) => [name, own.join(',')]), ['CUDA_DEVICE_ORDER', 'PCI_BUS_ID']]);
}

function fillCheck(check: Check, port: number, fill: (text: string) => string): Check {
  switch (check.by) {
    case 'http':
      return { ...check, url: fill(check.url) };
    case 'tcp':
      return check.port === ownPort ? { ...check, port } : check;
    case 'exec': {
      const [program, ...args] = check.argv;
      return { ...check, argv: [fill(program), ...args.map(fill)] };
    }
    case 'log':
      return check;
  }
}
