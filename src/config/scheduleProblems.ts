/** What can be wrong with a schedule beside the other values of its process, which may come from other files. */
import type { ProcessSpec } from './processSchema.ts';

export interface ScheduleProblem {
  /** Name of the process that declares it. */
  readonly name: string;
  /** Without the place. */
  readonly message: string;
}

/** Schedules that never have their turn. */
export function scheduleProblems(specs: ReadonlyMap<string, ProcessSpec>): ScheduleProblem[] {
  return [...specs].flatMap(([name, { schedule, restart }]) => {
    const when = typeof restart === 'object' ? restart.when : restart;
    if (schedule === undefined || when !== 'always') return [];
    return [
      { name, message: 'never has its turn with "restart": "always", which starts the process whenever it ends: make that "on-failure"' },
    ];
  });
}
