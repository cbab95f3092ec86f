/** The package `tree-warden`; what is public is declared in api.ts. */
import { WardenGoneError } from '../client/wardenGone.ts';
import { GuardianError, type Run, type Spawn } from './api.ts';
import { Guardian } from './guardian.ts';
import { requestFrom } from './options.ts';
import { runBy } from './runCommand.ts';
import { GuardedTree } from './tree.ts';

export { CommandError, GuardianError, NotReadyError, OptionError, StartError, TreeWardenError } from './api.ts';

export const spawn: Spawn = async (command, options = {}) => {
  options.signal?.throwIfAborted();
  const guardian = await Guardian.open();
  using _running = guardian.hold();
  try {
    return await GuardedTree.start(guardian, await requestFrom(command, options, guardian), options);
  } catch (error) {
    if (error instanceof GuardianError && error.cause instanceof WardenGoneError) await guardian.ended();
    throw error;
  }
};

export const run: Run = runBy(spawn);
