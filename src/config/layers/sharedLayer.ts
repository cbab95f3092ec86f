/** What stands beside the processes of a file and belongs to all of them. */
import { getNodeValue, type Node } from 'jsonc-parser';
import type { GatewaySpec } from '../gatewaySchema.ts';
import { type Input, type Inputs, inputSchema, inputsById, maxInputs } from '../inputSchema.ts';
import { sharedSchemas } from './layeredSchema.ts';
import type { Problem, ProblemList } from './problemList.ts';
import { settingsFrom } from './processLayer.ts';
import { mergeSettings, type Settings } from './settings.ts';
import type { Source } from './source.ts';
import { isObject, withoutNulls } from './takeBack.ts';

/** What all models share. */
interface SharedGateway {
  readonly spec: GatewaySpec;
  /** What a lower file says of it does not count. */
  readonly isTakenBack: boolean;
  /** Something is wrong with it. */
  readonly isWrong: boolean;
}

export interface SharedLayer {
  readonly defaults: Settings;
  /** `env` and `envFile`. */
  readonly environment: Settings;
  readonly include: readonly string[];
  readonly inputs: Inputs;
  readonly gateway: SharedGateway;
  /** Why the processes of the file cannot be used: their defaults or their environment are not known. */
  readonly problem?: Problem;
}

type SharedKey = keyof typeof sharedSchemas;
export const sharedKeys = Object.keys(sharedSchemas) as readonly SharedKey[];

const noGateway: SharedGateway = { spec: {}, isTakenBack: false, isWrong: false };
export const noSharedLayer: SharedLayer = { defaults: new Map(), environment: new Map(), include: [], inputs: {}, gateway: noGateway };

/** A mistake in these takes nothing from a process. */
const ofNoProcess: ReadonlySet<SharedKey> = new Set(['include', 'inputs', 'gateway']);

/** `hasBelow`: whether a lower file has the same, which a null takes back. */
export function readSharedLayer(source: Source, problems: ProblemList, hasBelow: boolean): SharedLayer {
  let problem: Problem | undefined;
  const read = <Key extends SharedKey>(key: Key): { readonly value: unknown; readonly taken: readonly string[] } => {
    const node = problems.paths.valueAt(source.tree, [key]);
    if (node === undefined) return { value: undefined, taken: [] };
    const written: unknown = getNodeValue(node);
    if (hasBelow && written === null) return { value: undefined, taken: [key] };
    const { rest, taken } = hasBelow && key === 'defaults' && isObject(written) ? withoutNulls(written) : { rest: written, taken: [] };
    const checked = sharedSchemas[key].safeParse(rest);
    if (checked.success) return { value: checked.data, taken };
    const first = problems.report(source, node, [key], checked.error);
    if (!ofNoProcess.has(key)) problem ??= first;
    return { value: undefined, taken: [] };
  };
  const { paths } = problems;
  const [env, envFile, defaults] = [read('env'), read('envFile'), read('defaults')];
  const include = read('include').value as readonly string[] | undefined;
  const gateway = read('gateway');
  const inputs = (read('inputs').value as readonly Input[] | undefined) ?? validInputs(paths.valueAt(source.tree, ['inputs']));
  const environment = settingsFrom({ source, node: source.tree, paths }, { env: env.value, envFile: envFile.value }, [
    ...env.taken,
    ...envFile.taken,
  ]);
  const node = paths.valueAt(source.tree, ['defaults']);
  return {
    defaults: node ? settingsFrom({ source, node, paths }, isObject(defaults.value) ? defaults.value : {}, defaults.taken) : new Map(),
    environment,
    include: include ?? [],
    inputs: inputsById(inputs),
    gateway: gatewayFrom(gateway.value, gateway.taken.length > 0, paths.valueAt(source.tree, ['gateway']) !== undefined),
    ...(problem && { problem }),
  };
}

/** `isWritten`: whether there is something, which is wrong where no value is read from it. */
function gatewayFrom(value: unknown, isTakenBack: boolean, isWritten: boolean): SharedGateway {
  return { spec: (value ?? {}) as GatewaySpec, isTakenBack, isWrong: isWritten && !isTakenBack && value === undefined };
}

function mergeGateways(lower: SharedGateway, upper: SharedGateway): SharedGateway {
  const below = upper.isTakenBack ? noGateway : lower;
  return { spec: { ...below.spec, ...upper.spec }, isTakenBack: false, isWrong: below.isWrong || upper.isWrong };
}

/** Those of a list with a mistake that have none themselves. */
function validInputs(list: Node | undefined): readonly Input[] {
  const written: unknown = list && getNodeValue(list);
  if (!Array.isArray(written)) return [];
  return written.slice(0, maxInputs).flatMap((one) => {
    const checked = inputSchema.safeParse(one);
    return checked.success ? [checked.data] : [];
  });
}

export function mergeShared(lower: SharedLayer, upper: SharedLayer): SharedLayer {
  const problem = lower.problem ?? upper.problem;
  return {
    defaults: mergeSettings(lower.defaults, upper.defaults),
    environment: mergeSettings(lower.environment, upper.environment),
    include: [],
    inputs: { ...lower.inputs, ...upper.inputs },
    gateway: mergeGateways(lower.gateway, upper.gateway),
    ...(problem && { problem }),
  };
}
