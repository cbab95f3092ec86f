/** The package `tree-warden`; what is public is declared in api.ts. */
import type { Run, Spawn } from './api.ts';
import { Guardian } from './guardian.ts';
import { requestFrom } from './options.ts';
import { runBy } from './runCommand.ts';
import { GuardedTree } from './tree.ts';

export { CommandError, GuardianError, NotReadyError, OptionError, StartError, TreeWardenError } from './api.ts';

export const spawn: Spawn = async (command, options = {}) => {
  options.signal?.throwIfAborted();
  const guardian = await Guardian.open();
  using _running = guardian.hold();
  return await GuardedTree.start(guardian, await requestFrom(command, options, guardian), options);
};

export const run: Run = runBy(spawn);
