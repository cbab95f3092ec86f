/** The package `tree-warden`; what is public is declared in api.ts. */
import { WardenGoneError } from '../client/wardenGone.ts';
import { type Command, GuardianError, type Run, type Spawn, type SpawnOptions, type Tree } from './api.ts';
import { Guardian } from './guardian.ts';
import { requestFrom } from './options.ts';
import { runBy } from './runCommand.ts';
import { templated } from './template.ts';
import { GuardedTree } from './tree.ts';

export { CommandError, GuardianError, NotReadyError, OptionError, StartError, TreeWardenError } from './api.ts';

const start = async (command: Command, options: SpawnOptions, isStderrRead?: boolean): Promise<Tree> => {
  options.signal?.throwIfAborted();
  const guardian = await Guardian.open();
  using _running = guardian.hold();
  try {
    return await GuardedTree.start(guardian, await requestFrom(command, options, guardian, isStderrRead), options);
  } catch (error) {
    if (error instanceof GuardianError && error.cause instanceof WardenGoneError) await guardian.ended();
    throw error;
  }
};

export const spawn = templated(async (command, options: SpawnOptions = {}) => await start(command, options)) as Spawn;

export const run: Run = runBy((command, options = {}) => start(command, options, true));
