import { Argument, Option } from 'commander';

/**
 * What a value is completed to. `declared`, `models`, `profiles`: names in processes.json; `jobs`: pools of jobs in it; `running`: names of running trees; `processes`: `declared` and
 * `running`; `files`: of this machine.
 */
export type Completes = 'declared' | 'jobs' | 'models' | 'profiles' | 'running' | 'processes' | 'files';

/** An argument whose values a shell can complete. */
export class CompletedArgument extends Argument {
  readonly completes: Completes;

  constructor(completes: Completes, name: string, description?: string) {
    super(name, description);
    this.completes = completes;
  }
}

/** An option whose value a shell can complete. */
export class CompletedOption extends Option {
  readonly completes: Completes;

  constructor(completes: Completes, flags: string, description?: string) {
    super(flags, description);
    this.completes = completes;
  }
}
