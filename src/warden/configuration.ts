/** What a warden goes by: its environment first, then what its client has asked for. */

import { type GuardianVariables, guardianVariables } from '../protocol/guardianVariables.ts';
import { defaultRotation } from '../protocol/logRotation.ts';
import { defaultHeap } from './models/gatewayCommand.ts';
import { defaultWindowLimits, type WindowLimits } from './trees/limitKeeper.ts';

/** Of the command line that starts it; undefined: the client has not said. */
export interface AskedConfiguration {
  readonly maxTrees: number | undefined;
  readonly maxProcesses: number | undefined;
  /** In milliseconds. */
  readonly timeLimit: number | undefined;
  readonly metricsPort: number | undefined;
  readonly keepHistory: boolean | undefined;
}

/** A setting as the journal has it. */
export interface EffectiveSetting {
  readonly value: string | number | boolean;
  /** Name of a variable of the environment, `client` or `default`. */
  readonly from: string;
}

export interface WardenConfiguration {
  readonly windowLimits: WindowLimits;
  readonly metricsPort: number;
  readonly keepHistory: boolean;
  /** By name. */
  readonly effective: Readonly<Record<keyof GuardianVariables, EffectiveSetting>>;
}

const defaults: Required<Omit<GuardianVariables, 'platform'>> & { readonly platform: string } = {
  maxTrees: defaultWindowLimits.maxTrees,
  maxProcesses: defaultWindowLimits.maxProcesses,
  timeLimit: defaultWindowLimits.timeMillis,
  metricsPort: 0,
  keepHistory: false,
  logMaxSize: defaultRotation.maxBytes,
  logMaxFiles: defaultRotation.maxFiles,
  gatewayHeap: defaultHeap,
  native: 'on',
  platform: 'strongest',
};

export function configurationOf(variables: GuardianVariables, asked: AskedConfiguration): WardenConfiguration {
  const known: Partial<Record<string, string | number | boolean>> = { ...asked };
  const effective = Object.fromEntries(
    Object.entries(defaults).map(([key, standard]): [string, EffectiveSetting] => {
      const name = key as keyof GuardianVariables;
      const fromEnvironment = variables[name];
      if (fromEnvironment !== undefined) return [key, { value: fromEnvironment, from: guardianVariables[name].variable }];
      const fromClient = known[key];
      return [key, fromClient === undefined ? { value: standard, from: 'default' } : { value: fromClient, from: 'client' }];
    }),
  ) as WardenConfiguration['effective'];
  const { logMaxSize, logMaxFiles } = variables;
  const isLogGiven = logMaxSize !== undefined || logMaxFiles !== undefined;
  return {
    windowLimits: {
      maxTrees: Number(effective.maxTrees.value),
      maxProcesses: Number(effective.maxProcesses.value),
      timeMillis: Number(effective.timeLimit.value),
      ...(isLogGiven && { log: { maxBytes: Number(effective.logMaxSize.value), maxFiles: Number(effective.logMaxFiles.value) } }),
    },
    metricsPort: Number(effective.metricsPort.value),
    keepHistory: effective.keepHistory.value === true,
    effective,
  };
}
